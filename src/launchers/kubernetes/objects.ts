import { z } from 'zod';

/** What is read of Kubernetes' objects; everything else in them is left alone. */

const texts = z.record(z.string(), z.string()).default({});

const metadata = z.object({
  name: z.string(),
  uid: z.string(),
  creationTimestamp: z.string().default(''),
  deletionTimestamp: z.string().optional(),
  labels: texts,
  annotations: texts,
  ownerReferences: z.array(z.object({ uid: z.string() })).default([]),
});

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().default(''),
  message: z.string().default(''),
});

const waiting = z.object({ reason: z.string().default(''), message: z.string().default('') });

const terminated = z.object({
  exitCode: z.number(),
  reason: z.string().default(''),
  /** Of the termination message file, or of the engine where the container could not be started. */
  message: z.string().default(''),
  finishedAt: z.string().nullish(),
});

const containerStatus = z.object({
  name: z.string(),
  image: z.string().default(''),
  state: z
    .object({ waiting: waiting.optional(), running: z.object({}).optional(), terminated: terminated.optional() })
    .default({}),
});

export const podSchema = z.object({
  metadata,
  status: z
    .object({
      phase: z.string().default('Pending'),
      reason: z.string().default(''),
      message: z.string().default(''),
      conditions: z.array(condition).default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
});

export const jobSchema = z.object({
  metadata,
  status: z.object({ conditions: z.array(condition).default([]) }).prefault({}),
});

export const eventListSchema = z.object({
  items: z.array(z.object({ type: z.string().default(''), reason: z.string().default(''), message: z.string().default('') })),
});

export type Pod = z.output<typeof podSchema>;
export type Job = z.output<typeof jobSchema>;
export type ContainerStatus = z.output<typeof containerStatus>;
export type Terminated = z.output<typeof terminated>;

/** Of anything. */
export const listSchema = z.object({ items: z.array(z.unknown()).default([]) });

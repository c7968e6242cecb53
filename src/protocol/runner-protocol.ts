import { z } from 'zod';

/** Where the runner protocol is served. */
export const RUNNER_PATH = '/runner/v1';

/** Bytes of a body, by what it is. */
export const MOST_HEARTBEAT_BYTES = 64 * 1024;
export const MOST_COMPLETE_BYTES = 1024 * 1024;

/** Is there, and how far it is. `progress` is what the runner likes: a number from 0 to 1, words, an object. */
export const heartbeatSchema = z.object({
  progress: z.unknown().optional(),
  message: z.string('expected text').max(4096, 'expected at most 4096 characters').optional(),
  usage: z.record(z.string(), z.unknown(), 'expected an object').optional(),
});

/** Something that the work has brought forth, by the place where it lies. */
export const artifactSchema = z.object({
  type: z.string('expected text such as "file" or "pull-request"').min(1).max(200, 'expected at most 200 characters'),
  uri: z.string('expected a path or URL').min(1).max(4096, 'expected at most 4096 characters'),
  size_bytes: z.int('expected a whole number of bytes').min(0).optional(),
  metadata: z.record(z.string(), z.unknown(), 'expected an object').optional(),
});

/** What the dispatcher answers to a heartbeat. */
export const heartbeatAnswerSchema = z.object({
  directive: z.enum(['continue', 'stop']),
  /** ISO 8601, UTC. */
  deadline: z.string().nullable(),
});

export type Heartbeat = z.input<typeof heartbeatSchema>;
export type ReportedArtifact = z.input<typeof artifactSchema>;
export type HeartbeatAnswer = z.output<typeof heartbeatAnswerSchema>;

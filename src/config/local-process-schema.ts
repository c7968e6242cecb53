import { z } from 'zod';
import { err, ok } from '../domain/result.ts';
import { field, flag, listOf, number, oneOf, orText, record, type Kind } from './field.ts';
import { COMPLAINT, CarriedComplaint, findingsOf } from './finding.ts';

/** `NAME`, `uid` or `uid:gid`; not looked up yet. */
const user: Kind<string> = (value) => {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  const isUser = typeof text === 'string' && (/^\d{1,10}(?::\d{1,10})?$/.test(text) || /^[A-Za-z_][A-Za-z0-9._@\\-]*\$?$/.test(text));
  return isUser ? ok(text) : err({ kind: 'expected', what: 'a user: its name, uid or "uid:gid"' });
};

/** From the folder of the configuration, or from a home: `~/.npm`. */
const path: Kind<string> = (value) =>
  typeof value === 'string' && value !== '' && !value.includes('\0') ? ok(value) : err({ kind: 'expected', what: 'the path of a file or folder' });

const paths = listOf(field(path), 'a list of paths; write ["~/.npm"]').nullish();
const type = oneOf(['bubblewrap']);

const sandboxMapping = record(
  {
    type: field(type),
    network: field(oneOf(['host', 'none'])).nullish(),
    hidden: paths,
    read_only: paths,
    writable: paths,
  },
  'bubblewrap, or a mapping with type: bubblewrap',
);
export type WrittenSandbox = z.output<typeof sandboxMapping>;

/** A text stands for a mapping with nothing but the type. */
const sandbox = z.unknown().transform((value, context): WrittenSandbox => {
  if (typeof value === 'string') {
    const read = type(value);
    if (read.ok) return { type: read.value };
    context.addIssue({ code: 'custom', params: { [COMPLAINT]: new CarriedComplaint(read.error) } });
    return z.NEVER;
  }
  const parsed = sandboxMapping.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path: below, complaint } of findingsOf(parsed.error)) {
    context.addIssue({ code: 'custom', path: [...below], params: { [COMPLAINT]: new CarriedComplaint(complaint) } });
  }
  return z.NEVER;
});

/** Keys of a pool of local processes that set its runners apart from the dispatcher. */
export const confinementKeys = {
  user: field(user).nullish(),
  sandbox: sandbox.nullish(),
  nice: field(orText(number({ min: 0, max: 19, whole: true }))).nullish(),
  enforce_limits: field(orText(flag)).nullish(),
};

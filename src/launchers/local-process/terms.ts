import type { Confinement, RunUser } from '../../domain/engine-settings.ts';

export interface TermsRequest {
  readonly confinement: Confinement;
  /** Folders of the control groups to join, each with a `cgroup.procs`. */
  readonly groups: readonly string[];
  /** Private writable memory of each process, bytes; `null`: no limit of that kind. */
  readonly dataBytes: number | null;
}

const idsOf = ({ uid, gid, groups }: RunUser): string => [uid, gid, ...groups].join(' ');

/** What the fork-server is to do to a child before it enters its program, as `fork-server/Terms.pm` reads it. */
export const termsText = ({ confinement: { user, sandbox, nice }, groups, dataBytes }: TermsRequest): string =>
  [
    ...groups.map((folder) => `join ${folder}`),
    ...(nice > 0 ? [`nice ${nice}`] : []),
    ...(dataBytes === null ? [] : [`data ${dataBytes}`]),
    ...(user === null ? [] : [`user ${idsOf(user)}`]),
    ...(sandbox === null ? [] : ['sandboxed']),
  ].join('\n');

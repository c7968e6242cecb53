import { INSIDE } from '../../domain/engine-paths.ts';
import type { KubernetesEngine, PodWorkspace } from '../../domain/engine-settings.ts';
import type { LaunchIntent } from '../../ports/launcher.ts';
import type { Fields } from './merge-fields.ts';

/** Where the credentials of a clone are, for the runner's own pushes too. */
const CREDENTIALS = '/run/git-credentials';
const VOLUME = 'workspace';

/** What a workspace adds to a pod. */
export interface WorkspaceParts {
  readonly volumes: readonly Fields[];
  /** Of the runner's container. */
  readonly mounts: readonly Fields[];
  readonly initContainers: readonly Fields[];
}

type Clone = Extract<PodWorkspace, { kind: 'clone' }>;

/** `$1` remote, `$2` base or nothing, `$3` branch. What fails says why on its last line, which becomes the reason. */
const CLONE_SCRIPT = `
set -e
export HOME=/tmp GIT_TERMINAL_PROMPT=0
at=${CREDENTIALS}
if [ -f $at/ssh-privatekey ]; then
  ssh="ssh -i $at/ssh-privatekey -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=/tmp/known_hosts"
  set -- "$1" "$2" "$3" core.sshCommand "$ssh"
elif [ -f $at/password ]; then
  set -- "$1" "$2" "$3" credential.helper '!f() { echo "username=$(cat ${CREDENTIALS}/username)"; echo "password=$(cat ${CREDENTIALS}/password)"; }; f'
fi
cd ${INSIDE.slot}
git init --quiet .
if [ -n "$4" ]; then git config "$4" "$5"; fi
git remote add origin "$1"
git fetch --quiet origin
if [ -n "$2" ]; then base=$2; else git remote set-head origin --auto >/dev/null; base=origin/HEAD; fi
start=$(git rev-parse --verify --quiet "origin/$base^{commit}" || git rev-parse --verify "$base^{commit}")
git checkout --quiet -b "$3" "$start"
`.trimStart();

const branchOf = (intent: LaunchIntent): string => {
  try {
    const context: unknown = JSON.parse(intent.context);
    const known = typeof context === 'object' && context !== null && 'branch_name' in context ? context.branch_name : null;
    if (typeof known === 'string' && known !== '') return known;
  } catch {
    // Without a context of ours the branch is named as the runner is.
  }
  return `dispatcher/${intent.runnerId}`;
};

const cloned = (clone: Clone, intent: LaunchIntent, engine: KubernetesEngine): WorkspaceParts => {
  const workspace = { name: VOLUME, mountPath: INSIDE.slot };
  const credentials =
    clone.secret === null ? [] : [{ name: 'git-credentials', mountPath: CREDENTIALS, readOnly: true }];
  const secrets =
    clone.secret === null ? [] : [{ name: 'git-credentials', secret: { secretName: clone.secret, defaultMode: 0o400 } }];
  return {
    volumes: [{ name: VOLUME, emptyDir: {} }, ...secrets],
    mounts: [workspace, ...credentials],
    initContainers: [
      {
        name: 'clone',
        image: clone.image ?? engine.image ?? '',
        command: ['/bin/sh', '-c', CLONE_SCRIPT, 'clone', clone.remote, clone.base ?? '', branchOf(intent)].map(escaped),
        volumeMounts: [workspace, ...credentials],
        terminationMessagePolicy: 'FallbackToLogsOnError',
      },
    ],
  };
};

/** Kubernetes replaces `$(NAME)` in commands and variables; a dollar stays one when it is doubled. */
export const escaped = (text: string): string => text.replaceAll('$', '$$$$');

export const workspaceParts = (intent: LaunchIntent, engine: KubernetesEngine): WorkspaceParts => {
  const { workspace } = engine;
  switch (workspace.kind) {
    case 'empty':
      return { volumes: [{ name: VOLUME, emptyDir: {} }], mounts: [{ name: VOLUME, mountPath: INSIDE.slot }], initContainers: [] };
    case 'claim':
      return {
        volumes: [{ name: VOLUME, persistentVolumeClaim: { claimName: workspace.name } }],
        mounts: [{ name: VOLUME, mountPath: INSIDE.slot, subPath: intent.runnerId }],
        initContainers: [],
      };
    case 'clone':
      return cloned(workspace, intent, engine);
  }
};

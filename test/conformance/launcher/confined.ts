import { userInfo } from 'node:os';
import type { Confinement, RunUser, Sandbox } from '../../../src/domain/engine-settings.ts';

/** Users that need no account: the kernel knows numbers only. */
export const userOf = (uid: number, groups: readonly number[] = [uid]): RunUser => ({
  name: `user-${uid}`,
  uid,
  gid: uid,
  groups,
  home: '/',
  shell: '/bin/sh',
});

export const NOBODY = userOf(65_534, [65_534, 4_711]);
export const SOMEBODY = userOf(4_711);

export const sandboxOf = (over: Partial<Sandbox> = {}): Sandbox => ({
  type: 'bubblewrap',
  network: 'host',
  hidden: [],
  readOnly: [],
  writable: [],
  ...over,
});

export const confined = (over: Partial<Confinement>): Confinement => ({ user: null, sandbox: null, nice: 0, limits: null, ...over });

/** Root alone may become anybody; what others are told instead is tested where they are. */
export const isRoot = userInfo().uid === 0;

import { localPoolNotices, localPoolTroubles } from '../../app.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { PoolSettings } from '../../domain/settings.ts';
import { candidatePools } from '../../scheduling/placement.ts';
import { programPath } from '../programs.ts';
import { doubtful, fine, ill, type Diagnosis } from './diagnosis.ts';

const command = ({ name, engine, command: argv, env }: PoolSettings): Diagnosis => {
  const check = `pool ${name}`;
  const program = argv?.[0];
  if (program === undefined) return fine(check, 'has no command: its tasks bring their own');
  // In an image, where it is looked for when it is started.
  if (engine.type !== 'local-process') return fine(check, `runs ${program} in containers`);
  if (program.includes('{{')) return fine(check, `runs what each task makes of ${program}`);
  if (engine.type !== 'local-process') return fine(check, `runs ${program}, as its image has it`);
  // A relative path starts from the slot, which is not there yet.
  if (program.includes('/') && !program.startsWith('/')) return fine(check, `runs ${program}, from the slot`);
  const path = programPath(program, env['PATH'] ?? process.env['PATH']);
  if (path !== null) return fine(check, `runs ${path}`);
  const where = program.startsWith('/') ? 'is not there, or not to be executed' : 'is not on the PATH';
  return ill(check, `its command ${program} ${where}`, `install it, or change agent_pools.${name}.config.command`);
};

/** Each pool's command, and whether anything is left that takes tasks. */
export const pools = ({ pools: all, dispatcher }: Configuration): readonly Diagnosis[] => {
  const found = all.map((pool) =>
    pool.enabled
      ? command(pool)
      : doubtful(`pool ${pool.name}`, 'is disabled', `enable it in agent_pools.${pool.name}, or with: dispatcher pools enable ${pool.name}`),
  );
  const troubles = localPoolTroubles(all).map((line) => ill('pools', line.replace(/; .*$/, ''), line.replace(/^.*?; /, '')));
  const notices = localPoolNotices(all).map((line) =>
    doubtful('pools', line, 'run where cgroups may be written (as root, or in a delegated cgroup), or take the limit out'),
  );
  const enabled = new Set(all.filter((pool) => pool.enabled).map(({ name }) => name));
  const rows = [...dispatcher.skillMapping.keys(), null].filter(
    (skill) => !candidatePools(dispatcher, skill).some((name) => enabled.has(name)),
  );
  return [
    ...found,
    ...troubles,
    ...notices,
    ...rows.map((skill) => {
      const row = skill === null ? 'default' : skill;
      return doubtful('skill_mapping', `no enabled pool takes tasks of ${JSON.stringify(row)}`, `enable one of its pools, or change skill_mapping.${row}`);
    }),
  ];
};

import { drawPlan } from '../../src/simulation/draw-plan.ts';
import { run } from './no-violation.ts';

/** `determinism-child.ts SEED`: the trace's hash, from a process of its own. */
process.stdout.write(run(drawPlan(Number(process.argv[2]), 'swarm')).trace);

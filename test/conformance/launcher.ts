import { describe } from 'node:test';
import type { MakeLauncher } from './launcher/fixture.ts';
import { healthConformance } from './launcher/health.ts';
import { inspectConformance } from './launcher/inspect.ts';
import { logsConformance } from './launcher/logs.ts';
import { startConformance } from './launcher/start.ts';
import { stopConformance } from './launcher/stop.ts';
import { watchConformance } from './launcher/watch.ts';

/** What every launcher must do, whatever its engine; `make` gives a fresh one for each test. */
export const launcherConformance = (name: string, make: MakeLauncher): void => {
  describe(`launcher ${name}`, () => {
    describe('start', () => startConformance(make));
    describe('watch', () => watchConformance(make));
    describe('stop', () => stopConformance(make));
    describe('inspect', () => inspectConformance(make));
    describe('logs', () => logsConformance(make));
    describe('health', () => healthConformance(make));
  });
};

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatDuration,
  MAX_DURATION_MS,
  parseCpu,
  parseDuration,
  parseMemory,
} from '../../../src/domain/quantities.ts';

describe('a duration', () => {
  for (const [written, ms] of [
    [0, 0],
    [5, 5000],
    [0.25, 250],
    ['5', 5000],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['1m500ms', 60_500],
  ] as const) {
    it(`${JSON.stringify(written)} is ${ms} ms`, () => {
      assert.deepEqual(parseDuration(written), { ok: true, value: ms });
    });
  }

  const NONE = ['', ' ', '5 m', '5x', 'm', '-5', -5, NaN, Infinity, '1m1h', '1e3', null, undefined, true, [], {}];
  for (const written of NONE) {
    it(`${typeof written} ${JSON.stringify(written)} is none`, () => {
      const read = parseDuration(written);
      assert.equal(read.ok, false);
      assert.match(read.ok ? '' : read.error, /^a duration: seconds, or .*"30s"/);
    });
  }

  it('is refused where timers reach no further', () => {
    assert.deepEqual(parseDuration(`${MAX_DURATION_MS}ms`), { ok: true, value: MAX_DURATION_MS });
    assert.match(JSON.stringify(parseDuration(`${MAX_DURATION_MS + 1}ms`)), /at most 24 days/);
    assert.match(JSON.stringify(parseDuration('1000d')), /at most 24 days/);
  });

  for (const [ms, text] of [
    [0, '0s'],
    [-3, '0s'],
    [999, '999ms'],
    [1000, '1s'],
    [1500, '1.5s'],
    [59_999, '59.999s'],
    [60_000, '1m'],
    [61_499, '1m1s'],
    [5_400_000, '1h30m'],
    [90_061_000, '1d1h1m1s'],
  ] as const) {
    it(`${ms} ms is written ${text}`, () => {
      assert.equal(formatDuration(ms), text);
    });
  }
});

describe('an amount of memory', () => {
  for (const [written, mb] of [
    [512, 512],
    ['512', 512],
    ['512Mi', 512],
    ['2Gi', 2048],
    ['1.5Gi', 1536],
    ['1024Ki', 1],
    ['1Ti', 1_048_576],
  ] as const) {
    it(`${JSON.stringify(written)} is ${mb} MB`, () => {
      assert.deepEqual(parseMemory(written), { ok: true, value: mb });
    });
  }
  for (const written of ['', '2G', '2gb', 'Gi', '-1Gi', -1, NaN, null, {}]) {
    it(`${JSON.stringify(written)} is none`, () => {
      assert.match(JSON.stringify(parseMemory(written)), /memory: MB/);
    });
  }
});

describe('an amount of CPU', () => {
  for (const [written, cores] of [[2, 2], [0.5, 0.5], ['2', 2], ['500m', 0.5], ['1500m', 1.5]] as const) {
    it(`${JSON.stringify(written)} is ${cores} cores`, () => {
      assert.deepEqual(parseCpu(written), { ok: true, value: cores });
    });
  }
  for (const written of ['', 'm', '2 cores', -1, Infinity, null, []]) {
    it(`${JSON.stringify(written)} is none`, () => {
      assert.match(JSON.stringify(parseCpu(written)), /CPU: cores/);
    });
  }
});

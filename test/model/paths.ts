import assert from 'node:assert/strict';
import { fromTransition, type AnyEventObject, type InspectionEvent } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import type { Modelled, ModelledWorld } from './modelled.ts';

/** Beyond so many ways to go on, the places are told apart too finely. */
const MOST_STEPS = 20_000;

/**
 * Walks by XState's own search to every place that steps lead to, and takes every step that is possible
 * there. Queue, ledger and tables change in plain actions, which a search over snapshots would not execute:
 * so what is searched is not the machine but the lists of steps, each replayed on a real machine beside its
 * model. From each place found it is then brought to its end.
 *
 * @returns how many places there are
 */
export const walkShortestPaths = <W extends ModelledWorld>(
  { begin, steps }: Modelled<W>,
  inspect: (event: InspectionEvent) => void,
): number => {
  const byName = new Map(steps.map((step) => [step.name, step]));
  assert.equal(byName.size, steps.length, 'every step has a name of its own');

  const replay = (names: readonly string[]): W => {
    const world = begin(inspect);
    try {
      world.look();
      for (const name of names) {
        byName.get(name)?.run(world);
        world.look();
      }
    } catch (error) {
      throw new Error(`after: ${names.join(' → ')}`, { cause: error });
    }
    return world;
  };

  const places = new Map<string, string>();
  const placeOf = (names: readonly string[]): string => {
    const path = names.join('\n');
    const place = places.get(path) ?? replay(names).place();
    places.set(path, place);
    return place;
  };
  const logic = fromTransition(
    (names: readonly string[], event: AnyEventObject): readonly string[] => [...names, event.type],
    [],
  );
  const paths = getShortestPaths(logic, {
    events: ({ context }) => {
      const world = replay(context);
      return steps.filter((step) => step.can(world)).map(({ name }) => ({ type: name }));
    },
    serializeState: ({ context }) => placeOf(context),
    limit: MOST_STEPS,
  });
  for (const { state } of paths) {
    try {
      replay(state.context).conclude();
    } catch (error) {
      throw new Error(`no good end after: ${state.context.join(' → ')}`, { cause: error });
    }
  }
  return paths.length;
};

import { MemoryTables } from '../registry/memory/memory-tables.ts';
import { ObservedTables, type RowObserver } from '../registry/memory/observed-tables.ts';
import { openMemoryRegistry } from '../registry/memory/open-memory-registry.ts';
import type { RegistrySource } from '../simulation/simulated-registry.ts';
import { SIMULATED_REGISTRY } from '../simulation/world.ts';

const over = (tables: MemoryTables): RegistrySource => ({
  open: (defer) => openMemoryRegistry({ id: SIMULATED_REGISTRY, tables, defer }),
});

/** A registry for the simulator: its rows live as long as what is returned, and every write is seen by the observer. */
export const simulatedRegistry = (observer: RowObserver): RegistrySource => over(new ObservedTables(observer));

/** A registry for one forecast; nobody watches its rows. */
export const forecastRegistry = (): RegistrySource => over(new MemoryTables());

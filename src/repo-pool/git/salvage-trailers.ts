/** Lines at the end of a salvage commit's message that say whose work it is: a name in a reference may have been shortened. */
export const SALVAGE_TRAILERS = {
  spec: 'Dispatcher-Spec',
  id: 'Dispatcher-Task',
  attempt: 'Dispatcher-Attempt',
  slot: 'Dispatcher-Slot',
  branch: 'Dispatcher-Branch',
  registry: 'Dispatcher-Registry',
} as const;

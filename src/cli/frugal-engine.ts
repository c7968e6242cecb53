import { setFlagsFromString } from 'node:v8';

// Measured with 2,000 tasks, as a share of the processor time of the run with V8's defaults. To be set
// before anything else is loaded.
// Actors that live for milliseconds are garbage at once, and by default V8 lets it pile up: 270 MB,
// and 165 MB with a young generation that does not grow (--optimize-for-size: 150 MB, but 1.36 times the time).
setFlagsFromString('--semi-space-growth-factor=1');
// Compiling and collecting on threads of their own takes processors from the runners, and the compiler
// throws half of what it did away: together 0.75. (Marking in the foreground as well: 0.65, but 190 MB.)
setFlagsFromString('--no-concurrent-recompilation');
setFlagsFromString('--no-parallel-scavenge');

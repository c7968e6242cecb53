import { z } from 'zod';
import { portError, type PortError } from '../../domain/failures.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Engine } from './engine.ts';
import { portErrorOf } from './engine-failure.ts';
import { streamLines } from './stream-lines.ts';

/** One line of a pull's answer. @see Docker Engine API, "Create an image" */
const lineSchema = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
});

/** Silence after which a pull is taken for dead, in ms: a slow line still moves. */
const SILENCE_MS = 120_000;
const TELL_EVERY_MS = 5_000;

/** What registries say of an image that will not be there the next time either. */
const FINAL = /not found|manifest unknown|does not exist|access denied|unauthorized|denied|invalid reference/i;
/** What they say when they, or the way to them, are not there. */
const PASSING = /dial tcp|timeout|connection refused|no such host|temporar|too many requests|EOF/i;

const MB = 2 ** 20;

/** How far each layer is. */
class Progress {
  readonly #layers = new Map<string, { done: boolean; current: number; total: number }>();

  take({ id, status = '', progressDetail }: z.infer<typeof lineSchema>): void {
    if (id === undefined) return;
    const known = this.#layers.get(id) ?? { done: false, current: 0, total: 0 };
    if (status === 'Downloading') {
      known.current = progressDetail?.current ?? known.current;
      known.total = progressDetail?.total ?? known.total;
    }
    if (status === 'Pull complete' || status === 'Already exists') known.done = true;
    if (known.done || known.total > 0 || /^(?:Pulling fs layer|Waiting)$/.test(status)) this.#layers.set(id, known);
  }

  get text(): string {
    const layers = [...this.#layers.values()];
    const sum = (member: 'current' | 'total'): number => Math.round(layers.reduce((all, layer) => all + layer[member], 0) / MB);
    return `${layers.filter(({ done }) => done).length} of ${layers.length} layers, ${sum('current')} of ${sum('total')} MB`;
  }
}

const refused = (image: string, why: string): PortError =>
  portError(FINAL.test(why) && !PASSING.test(why) ? 'permanent' : 'transient', `image ${image} cannot be pulled: ${why}`);

const parse = (line: string): z.infer<typeof lineSchema> => {
  try {
    const parsed = lineSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
};

/**
 * Pulls an image. `progress` hears how far it is, every few seconds. `permanent`: the registry has no
 * such image, or does not give it to us.
 */
export const pullImage = async (engine: Engine, image: string, progress: (text: string) => void): Promise<Result<null, PortError>> => {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  // A name without a tag would bring every tag there is.
  const reference = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
  const opened = await engine.open((docker, abortSignal) => docker.pull(reference, { abortSignal }), silence.signal);
  try {
    if (!opened.ok) {
      const { status, message } = opened.error;
      return err(status === null ? portErrorOf(opened.error, '') : refused(image, message));
    }
    const state = new Progress();
    let told = performance.now();
    for await (const line of streamLines(opened.value)) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const parsed = parse(line);
      if (parsed.error !== undefined) return err(refused(image, parsed.error));
      state.take(parsed);
      if (performance.now() - told < TELL_EVERY_MS) continue;
      told = performance.now();
      progress(state.text);
    }
    return ok(null);
  } catch (error) {
    return err(portErrorOf(engine.failure(error), `image ${image}`));
  } finally {
    clearTimeout(timer);
  }
};

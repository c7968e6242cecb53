import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { z } from 'zod';
import { portError, type PortError } from '../../domain/failures.ts';
import { INSIDE } from '../../domain/engine-paths.ts';
import type { RegistryId } from '../../domain/ids.ts';
import { err, ok, type Result } from '../../domain/result.ts';
import type { Engine } from './engine.ts';
import { isMissing, portErrorOf } from './engine-failure.ts';
import { LABEL, probeName } from './names.ts';

/** What a look into an image is to find out. */
export interface ProbeQuestion {
  /** Image id: what is asked of one stays true. */
  readonly image: string;
  readonly program: string;
  /** `PATH` as the runner has it. */
  readonly path: string;
  /** Folders that are not the image's, so that it does not tell what is in them. */
  readonly mounted: readonly string[];
}

export interface ProbeAnswer {
  readonly hasShell: boolean;
  /** False: it is certain that there is no such program. */
  readonly hasProgram: boolean;
}

const statSchema = z.object({ mode: z.number() });
/** `os.ModeDir` of Go. */
const IS_FOLDER = 2 ** 31;

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder.replace(/\/$/, '')}/`);

/**
 * Looks into images by way of containers that are made and never started: a missing program is told
 * by its name before anything runs, instead of by exit code 127.
 */
export class ImageProbe {
  readonly #engine: Engine;
  readonly #registry: RegistryId;
  #swept: Promise<void> | null = null;
  readonly #answers = new Map<string, Promise<Result<ProbeAnswer, PortError>>>();

  constructor(engine: Engine, registry: RegistryId) {
    this.#engine = engine;
    this.#registry = registry;
  }

  ask(question: ProbeQuestion): Promise<Result<ProbeAnswer, PortError>> {
    const key = JSON.stringify(question);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = this.#look(question).then((found) => {
      // Only what is there is remembered: what is missing may be asked for again after a mend.
      if (!found.ok || !found.value.hasProgram) this.#answers.delete(key);
      return found;
    });
    this.#answers.set(key, answer);
    return answer;
  }

  /** What a dispatcher left that was killed while it looked. */
  async #sweep(): Promise<void> {
    const filters = { label: [`${LABEL.registry}=${this.#registry}`, LABEL.probe] };
    const left = await this.#engine.call((docker) => docker.listContainers({ all: true, filters }));
    for (const { Id } of left.ok ? left.value : []) {
      await this.#engine.call((docker) => docker.getContainer(Id).remove({ force: true, v: true }));
    }
  }

  async #look(question: ProbeQuestion): Promise<Result<ProbeAnswer, PortError>> {
    await (this.#swept ??= this.#sweep());
    const name = probeName(this.#registry, randomBytes(6).toString('hex'));
    const made = await this.#engine.call((docker, abortSignal) =>
      docker.createContainer({
        name,
        Image: question.image,
        Entrypoint: ['/'],
        Labels: { [LABEL.registry]: this.#registry, [LABEL.probe]: '1' },
        NetworkDisabled: true,
        abortSignal,
      }),
    );
    if (!made.ok) return err(portErrorOf(made.error, `image ${question.image}`));
    try {
      const shell = await this.#isFile(name, '/bin/sh');
      if (!shell.ok) return shell;
      const program = await this.#find(name, question);
      return program.ok ? ok({ hasShell: shell.value, hasProgram: program.value }) : program;
    } finally {
      await this.#engine.call((docker) => docker.getContainer(name).remove({ force: true, v: true }));
    }
  }

  async #find(name: string, { program, path, mounted }: ProbeQuestion): Promise<Result<boolean, PortError>> {
    // Relative to the slot, which is not the image's.
    if (program.includes('/') && !program.startsWith('/')) return ok(true);
    const candidates = program.startsWith('/') ? [posix.normalize(program)] : path.split(':').map((folder) => posix.join(folder === '' ? INSIDE.slot : folder, program));
    if (candidates.some((candidate) => [INSIDE.slot, ...mounted].some((folder) => isBelow(candidate, folder)))) return ok(true);
    for (const candidate of candidates) {
      const found = await this.#isFile(name, candidate);
      if (!found.ok || found.value) return found;
    }
    return ok(false);
  }

  /** Links count: where they lead is the image's affair. */
  async #isFile(name: string, path: string): Promise<Result<boolean, PortError>> {
    const stat = await this.#engine.call(async (docker, abortSignal): Promise<unknown> => {
      const answer: unknown = await docker.getContainer(name).infoArchive({ path, abortSignal });
      return answer;
    });
    if (!stat.ok) return isMissing(stat.error) ? ok(false) : err(portErrorOf(stat.error, path));
    const mode = modeOf(stat.value);
    return mode === null ? err(portError('transient', `${path}: the engine does not say what it is`)) : ok((mode & IS_FOLDER) === 0);
  }
}

const headersSchema = z.object({ headers: z.object({ 'x-docker-container-path-stat': z.string() }) });

/** Go's file mode out of the answer's header. */
const modeOf = (answer: unknown): number | null => {
  const parsed = headersSchema.safeParse(answer);
  if (!parsed.success) return null;
  try {
    const text = Buffer.from(parsed.data.headers['x-docker-container-path-stat'], 'base64').toString('utf8');
    return statSchema.parse(JSON.parse(text)).mode;
  } catch {
    return null;
  }
};

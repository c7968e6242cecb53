import type { Scene } from './scene.ts';

/** Processes and workspaces, as the machine itself sees them. */
export class Places {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  started(runner: string, key: string, pool: string, cwd: string): void {
    const scene = this.#scene;
    scene.remember(`process ${runner} of ${key} starts in ${pool} at ${cwd}`);
    for (const other of scene.processes.values()) {
      if (other.task === key) scene.fail('oneLiveAttempt', `${runner} starts beside ${other.runner}`, key);
      if (other.cwd === cwd) scene.fail('exclusiveSlot', `${runner} starts in ${cwd} beside ${other.runner}`, key);
    }
    const task = scene.tasks.get(key);
    if (task?.open?.runner !== runner) {
      scene.fail('currentAttempt', `${runner} starts, and the open attempt is ${task?.open?.runner ?? 'none'}`, key);
    }
    scene.processes.set(runner, { runner, task: key, pool, cwd });
  }

  ended(runner: string): void {
    const process = this.#scene.processes.get(runner);
    this.#scene.remember(`process ${runner} of ${process?.task ?? '?'} ends`);
    this.#scene.processes.delete(runner);
  }

  returned(path: string, holder: string): void {
    const scene = this.#scene;
    for (const { cwd, runner, task } of scene.processes.values()) {
      if (cwd === path) scene.fail('exclusiveSlot', `${holder} returns ${path} while ${runner} lives in it`, task);
    }
  }

  lent(path: string, holder: string): void {
    const scene = this.#scene;
    scene.remember(`slot ${path} lent to ${holder}`);
    for (const { cwd, runner, task } of scene.processes.values()) {
      if (cwd === path && runner !== holder) {
        scene.fail('exclusiveSlot', `${path} is lent to ${holder} while ${runner} lives in it`, task);
      }
    }
  }
}

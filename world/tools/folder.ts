import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where a world keeps its files: a temporary folder that goes with it, or one that stays. */
export class Folder {
  readonly path: string;
  readonly #stays: boolean;
  readonly #remove = () => this.remove();

  /** @param keep the folder that stays: a new or an empty one */
  constructor(keep?: string) {
    this.#stays = keep !== undefined;
    if (keep !== undefined) {
      mkdirSync(keep, { recursive: true });
      this.path = resolve(keep);
      return;
    }
    this.path = mkdtempSync(join(tmpdir(), 'muster-local-'));
    // For an end that leaves no time to stop in order; the processes have their own.
    process.once('exit', this.#remove);
  }

  /** Whether there is nothing yet that a world could mix up with its own files. */
  static isFree(path: string): boolean {
    return !existsSync(path) || (statSync(path).isDirectory() && readdirSync(path).length === 0);
  }

  remove(): void {
    if (this.#stays) return;
    process.off('exit', this.#remove);
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

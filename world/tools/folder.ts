import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder of a world's files: a temporary one that is removed at the end, or one that stays. */
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
    // For an end without an orderly stop.
    process.once('exit', this.#remove);
  }

  /** Whether the folder is empty or missing, so that a world can use it. */
  static isFree(path: string): boolean {
    return !existsSync(path) || (statSync(path).isDirectory() && readdirSync(path).length === 0);
  }

  remove(): void {
    if (this.#stays) return;
    process.off('exit', this.#remove);
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';

const FILE_SOURCE = /^fs:./;

/** Who may start processes: decided by `HEDDLE_SHELL` and by where the definition came from. Everyone who asks, asks here. */
@Injectable()
export class ShellPolicy {
  constructor(@Inject(CONFIG) private readonly config: HeddleConfig) {}

  /** Why definitions of this source (`api` or `fs:<name>`) may not start processes, in words for their author; null when they may. */
  refusal(source: string): string | null {
    const { policy } = this.config.shell;
    if (policy === 'off') return 'this server starts no processes (HEDDLE_SHELL=off)';
    if (policy === 'files' && !FILE_SOURCE.test(source)) {
      return 'only definitions from a directory of the operator may start processes (HEDDLE_SHELL=files), and this one came by API';
    }
    return null;
  }

  /** Whether it came from a directory that the operator mounted, and so may name paths of the machine. */
  isTrusted(source: string): boolean {
    return FILE_SOURCE.test(source);
  }
}

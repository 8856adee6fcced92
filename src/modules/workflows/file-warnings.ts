import { Injectable } from '@nestjs/common';
import type { DefinitionFault } from '../../engine/graph/index.js';

/** What the files of this process' directories say that their definitions do not keep, by source and `namespace/name`. */
@Injectable()
export class FileWarnings {
  private readonly warnings = new Map<string, readonly DefinitionFault[]>();

  set(source: string, workflow: string, warnings: readonly DefinitionFault[]): void {
    this.warnings.set(`${source} ${workflow}`, warnings);
  }

  of(source: string, workflow: string): readonly DefinitionFault[] {
    return this.warnings.get(`${source} ${workflow}`) ?? [];
  }
}

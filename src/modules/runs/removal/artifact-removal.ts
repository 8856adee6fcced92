import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ArtifactsService } from '../../artifacts/index.js';
import { RunRemovals } from './run-removals.js';

/** Artifacts and large outputs go with their run. */
@Injectable()
export class ArtifactRemoval implements OnModuleInit {
  constructor(
    private readonly artifacts: ArtifactsService,
    private readonly removals: RunRemovals,
  ) {}

  onModuleInit(): void {
    this.removals.register({ remove: (manager, runIds) => this.artifacts.deleteOfRuns(manager, runIds) });
  }
}

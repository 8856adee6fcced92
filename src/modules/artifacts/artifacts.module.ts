import { Module } from '@nestjs/common';
import { ArtifactStore } from './artifact-store.js';
import { ArtifactSweep } from './artifact-sweep.js';
import { ArtifactsCheck } from './artifacts-check.js';
import { ArtifactsController } from './artifacts.controller.js';
import { ArtifactsService } from './artifacts.service.js';
import { RunArtifacts } from './run-artifacts.js';
import { ContentStorages } from './storage/content-storages.js';

/** Files that steps leave behind, and outputs too large for the journal. */
@Module({
  controllers: [ArtifactsController],
  providers: [ArtifactsCheck, ArtifactStore, ArtifactSweep, ArtifactsService, ContentStorages, RunArtifacts],
  exports: [ArtifactsService, RunArtifacts],
})
export class ArtifactsModule {}

import { Module } from '@nestjs/common';
import { RunEngineModule } from '../engine/run-engine.module.js';
import { PausesController } from './pauses.controller.js';
import { PausesService } from './pauses.service.js';

/** Workflows that are paused: none of their runs starts. */
@Module({ imports: [RunEngineModule], controllers: [PausesController], providers: [PausesService] })
export class PausesModule {}

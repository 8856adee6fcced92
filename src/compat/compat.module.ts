import { Module } from '@nestjs/common';
import { AstromeshModule } from './astromesh/index.js';
import { AwfModule } from './awf/index.js';
import { FlowEngineModule } from './flowengine/index.js';
import { FlwdModule } from './flwd/index.js';
import { MeshflowModule } from './meshflow/index.js';

/** The dialects: other systems' APIs over the services of the modules. Each only translates, and knows no other. */
@Module({ imports: [AstromeshModule, AwfModule, FlowEngineModule, FlwdModule, MeshflowModule] })
export class CompatModule {}

import { Module } from '@nestjs/common';
import { AwfModule } from './awf/index.js';
import { FlwdModule } from './flwd/index.js';

/** The dialects: other systems' APIs over the services of the modules. Each only translates, and knows no other. */
@Module({ imports: [AwfModule, FlwdModule] })
export class CompatModule {}

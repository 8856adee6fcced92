import { Module } from '@nestjs/common';
import { FlwdModule } from './flwd/index.js';

/** The dialects: other systems' APIs over the services of the modules. Each only translates, and knows no other. */
@Module({ imports: [FlwdModule] })
export class CompatModule {}

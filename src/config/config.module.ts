import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { HeddleConfig } from './heddle-config.js';

/** Injection token of the HeddleConfig. */
export const CONFIG = Symbol('CONFIG');

/** Makes one checked configuration injectable everywhere. */
@Global()
@Module({})
export class ConfigModule {
  static with(config: HeddleConfig): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] };
  }
}

import { Global, Module } from '@nestjs/common';
import { Drain } from './drain.js';
import { HealthRegistry } from './health-registry.js';
import { Lifecycle } from './lifecycle.js';
import { ShutdownRegistry } from './shutdown-registry.js';

@Global()
@Module({
  providers: [Drain, HealthRegistry, Lifecycle, ShutdownRegistry],
  exports: [Drain, HealthRegistry, Lifecycle, ShutdownRegistry],
})
export class LifecycleModule {}

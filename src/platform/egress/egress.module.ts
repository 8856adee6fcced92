import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { EgressClient } from './egress-client.js';
import { EgressPolicy } from './egress-policy.js';

/** The process's policy for outbound requests, from `HEDDLE_EGRESS_ALLOW`, and its guarded HTTP client. */
@Global()
@Module({
  providers: [
    { provide: EgressPolicy, inject: [CONFIG], useFactory: (config: HeddleConfig) => new EgressPolicy(config.egressAllow) },
    { provide: EgressClient, inject: [EgressPolicy], useFactory: (policy: EgressPolicy) => new EgressClient(policy) },
  ],
  exports: [EgressPolicy, EgressClient],
})
export class EgressModule implements OnApplicationShutdown {
  constructor(@Inject(EgressClient) private readonly client: EgressClient) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}

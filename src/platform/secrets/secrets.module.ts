import { Inject, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type HeddleConfig } from '../../config/index.js';
import { LOGGER, type Logger } from '../logging/index.js';
import { SecretBox } from './secret-box.js';

/** The box for secrets that lie in the database, opened by `HEDDLE_SECRET_KEY`. */
@Module({
  providers: [{ provide: SecretBox, inject: [CONFIG], useFactory: (config: HeddleConfig) => new SecretBox(config.secretKey) }],
  exports: [SecretBox],
})
export class SecretsModule implements OnApplicationBootstrap {
  constructor(
    private readonly box: SecretBox,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.box.encrypts) this.logger.info('HEDDLE_SECRET_KEY is not set: signing keys of webhooks are stored unencrypted');
  }
}

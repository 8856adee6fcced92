import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Authenticator } from '../../platform/http/authenticator.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { BootstrapService } from './bootstrap.service.js';
import { KeyAuthenticator } from './key-authenticator.js';
import { KeyUsage } from './key-usage.js';
import { MeController } from './me.controller.js';

/** API keys, and who a request is by them. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([ApiKeyEntity])],
  controllers: [ApiKeysController, MeController],
  providers: [ApiKeysService, BootstrapService, KeyUsage, KeyAuthenticator, { provide: Authenticator, useExisting: KeyAuthenticator }],
  exports: [ApiKeysService, Authenticator, BootstrapService],
})
export class AuthModule {}

import { Module } from '@nestjs/common';
import { CircuitBreaker } from './circuit-breaker.js';
import { LanguageModels } from './language-models.js';
import { ModelGateway } from './model-gateway.js';
import { ModelsFile } from './models-file.js';
import { Router } from './router.js';

/** Models of all providers behind one gateway. */
@Module({
  providers: [CircuitBreaker, LanguageModels, ModelGateway, ModelsFile, Router],
  exports: [CircuitBreaker, ModelGateway, ModelsFile],
})
export class ModelsModule {}

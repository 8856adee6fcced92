export { ModelsModule } from './models.module.js';
/** `fetch` through the guarded client, for libraries that take one. */
export { egressFetch } from './egress-fetch.js';
/** Which models are known to be down. */
export { CircuitBreaker, type ModelStanding } from './circuit-breaker.js';
/** Asks models: routing, fallback, retries, prices. */
export { ModelGateway, sumUsage } from './model-gateway.js';
export {
  BudgetRefusal,
  type ChatMessage,
  type CostEstimate,
  type FinishReason,
  type Hold,
  type ModelAnswer,
  type ModelAttempt,
  type ModelTool,
  type ModelToolCall,
  type TokenUsage,
} from './model-call.js';
export {
  MODEL_BLOCK_SCHEMA,
  modelName,
  ROUTING_STRATEGIES,
  type ModelBlock,
  type ModelChoice,
  type RoutingStrategy,
} from './model-config.js';
/** The model where a definition names none. */
export { defaultModel } from './default-model.js';
export { blockFaults } from './model-faults.js';
/** What the operator says about models and budgets. */
export { BUDGETS_SCHEMA, ModelsFile, SHARED_BUDGETS, type BudgetLimits, type BudgetName, type Budgets } from './models-file.js';

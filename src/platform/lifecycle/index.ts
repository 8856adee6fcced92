export { BackgroundLoop, type BackgroundLoopOptions } from './background-loop.js';
export { drainRequests } from './request-drain.js';
export { Drain } from './drain.js';
export { HealthRegistry, type FailedCheck, type HealthCheck } from './health-registry.js';
export { Lifecycle } from './lifecycle.js';
export { LifecycleModule } from './lifecycle.module.js';
export { SHUTDOWN_PHASES, ShutdownRegistry, type ShutdownHook, type ShutdownPhase } from './shutdown-registry.js';

export { createLogger, type LineSink } from './logger.js';
export { LOGGER, LoggingModule } from './logging.module.js';
export { createMask } from './mask.js';
export { NestLogger } from './nest-logger.js';
export type { Logger } from 'pino';

// The product's server with one node type more.
import { createApp, serve } from '../../src/app.setup.js';
import { AppModule } from '../../src/app.module.js';
import { loadProcessConfig } from '../../src/config/index.js';
import { createLogger } from '../../src/platform/logging/index.js';
import { serveParent } from '../lib/child.js';
import { NoopModule } from './noop.node.js';

const product = AppModule.with.bind(AppModule);
AppModule.with = (config, logger) => {
  const application = product(config, logger);
  return { ...application, imports: [...(application.imports ?? []), NoopModule] };
};

const { config } = loadProcessConfig();
const app = await createApp(config, createLogger(config));
serveParent(await serve(app, config), {});

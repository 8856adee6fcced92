import { ConfigError, loadProcessConfig } from './config/index.js';
import { createApp } from './app.setup.js';
import { Lifecycle } from './platform/lifecycle/index.js';
import { createLogger } from './platform/logging/index.js';

const { config, warnings } = loadProcessConfig();
const logger = createLogger(config);
const app = await createApp(config, logger);
await app.listen(config.http.port, config.http.host);
app.get(Lifecycle).markStarted();
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));

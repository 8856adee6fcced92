import './validated-answers.js';

export { ApiClient, observeAnswers, type Answer, type Exchange, type RequestOptions } from './api-client.js';
export { generateAdminKey, startApp, type AppOptions, type TestApp, type TestKey } from './app.js';
export { createDataDir } from './embedded-data.js';
export { freePort, realPostgres, type RealPostgres, type RestartOptions } from './real-postgres.js';
export { startServer, type ServerOptions, type TestServer } from './server.js';

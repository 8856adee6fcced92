import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { EgressModule } from '../../platform/egress/index.js';
import { NodesModule } from '../nodes/index.js';
import { RagModule } from '../rag/index.js';
import { RunsModule } from '../runs/index.js';
import { SecretsModule } from '../../platform/secrets/index.js';
import { ShellModule } from '../shell/index.js';
import { CacheEntries } from './builtin/data/cache-entries.js';
import { CacheStoreTool } from './builtin/data/cache-store.tool.js';
import { RagIngestTool, RagQueryTool } from './builtin/data/rag-tools.js';
import { ReadFileTool, WriteFileTool } from './builtin/files/file-tools.js';
import { ToolFiles } from './builtin/files/tool-files.js';
import { MailSockets } from './builtin/messages/mail-sockets.js';
import { SendEmailTool } from './builtin/messages/send-email.tool.js';
import { SendMessageTool } from './builtin/messages/send-message.tool.js';
import { SendSlackTool } from './builtin/messages/send-slack.tool.js';
import { SendWebhookTool } from './builtin/messages/send-webhook.tool.js';
import { CalculateTool } from './builtin/pure/calculate.tool.js';
import { DatetimeNowTool } from './builtin/pure/datetime-now.tool.js';
import { JsonTransformTool } from './builtin/pure/json-transform.tool.js';
import { RunJavascriptTool } from './builtin/pure/run-javascript.tool.js';
import { TextSummarizeTool } from './builtin/pure/text-summarize.tool.js';
import { SqlQueryTool } from './builtin/sql/sql-query.tool.js';
import { GraphqlQueryTool } from './builtin/web/graphql-query.tool.js';
import { HttpRequestTool } from './builtin/web/http-request.tool.js';
import { WebScrapeTool } from './builtin/web/web-scrape.tool.js';
import { WebSearchTool } from './builtin/web/web-search.tool.js';
import { WikipediaTool } from './builtin/web/wikipedia.tool.js';
import { ToolRunner } from './execution/tool-runner.js';
import { ToolSettings } from './execution/tool-settings.js';
import { OpenapiCalls } from './openapi/openapi-calls.js';
import { McpConnections } from './servers/mcp-connections.js';
import { ServerToolsSource } from './servers/server-tools.source.js';
import { ToolServerStore } from './servers/tool-server.store.js';
import { ToolServersController } from './servers/tool-servers.controller.js';
import { ToolServersService } from './servers/tool-servers.service.js';
import { CollectionToolsSource } from './sources/collection-tools.source.js';
import { WorkflowToolsSource } from './sources/workflow-tools.source.js';
import { ToolRegistry } from './tool-registry.js';
import { ToolsController } from './tools.controller.js';
import { ToolsService } from './tools.service.js';

/** In the order in which they are shown: Astromesh's, then ours. */
const BUILTIN = [
  DatetimeNowTool,
  JsonTransformTool,
  CacheStoreTool,
  HttpRequestTool,
  GraphqlQueryTool,
  WebSearchTool,
  WebScrapeTool,
  WikipediaTool,
  ReadFileTool,
  WriteFileTool,
  SqlQueryTool,
  SendWebhookTool,
  SendSlackTool,
  SendEmailTool,
  SendMessageTool,
  TextSummarizeTool,
  RagQueryTool,
  RagIngestTool,
  CalculateTool,
  RunJavascriptTool,
];
const SOURCES = [WorkflowToolsSource, CollectionToolsSource, ServerToolsSource];
const SERVERS = [ToolServerStore, ToolServersService, McpConnections, OpenapiCalls];

/** What agents can do besides talking. */
@Module({
  imports: [DiscoveryModule, EgressModule, NodesModule, RagModule, RunsModule, SecretsModule, ShellModule],
  controllers: [ToolServersController, ToolsController],
  providers: [
    ToolRegistry,
    ToolSettings,
    ToolRunner,
    ToolsService,
    CacheEntries,
    MailSockets,
    ToolFiles,
    ...BUILTIN,
    ...SOURCES,
    ...SERVERS,
  ],
  exports: [ToolRegistry, ToolsService],
})
export class ToolsModule {}

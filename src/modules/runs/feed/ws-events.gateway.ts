import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { RUN_EVENT_TYPES, type RunEventType } from '../../../engine/index.js';
import { AppError, BadRequestError, NotFoundError } from '../../../platform/errors/app-error.js';
import { isUuid } from '../../../platform/http/cursor.js';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../../platform/http/edge-ws.adapter.js';
import { upgradeUrl } from '../../../platform/http/upgrade-url.js';
import { decodePosition } from './feed-position.js';
import { FeedStart } from './feed-start.js';
import { RunEventsReader } from './run-events.reader.js';
import { RunStreamService } from './run-stream.service.js';
import { parseSeq } from './stream-parameters.js';
import { TenantStreamService } from './tenant-stream.service.js';
import { WsSink } from './ws-sink.js';

const CLOSE_REFUSED = 1008;
const CLOSE_FAILED = 1011;

/**
 * `/ws/events?since=&run_id=&types=`: the same events as SSE, one JSON message each. With `run_id`, `since` is a sequence
 * number and the socket closes after the run's end; without, `since` is a cursor, which every message carries as `cursor`.
 */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/api/v1/ws/events', access: 'events.read', maxPayload: 1024, prepare: FeedStart })
export class WsEventsGateway implements OnGatewayConnection {
  constructor(
    private readonly reader: RunEventsReader,
    private readonly runStreams: RunStreamService,
    private readonly tenantStreams: TenantStreamService,
    private readonly starts: FeedStart,
  ) {}

  async handleConnection(socket: WebSocket, request: UpgradeRequest): Promise<void> {
    try {
      await this.follow(socket, request, upgradeUrl(request.url).searchParams);
    } catch (error) {
      if (error instanceof AppError && error.status < 500) socket.close(CLOSE_REFUSED, error.detail.slice(0, 120));
      else socket.close(CLOSE_FAILED, 'internal_error');
    }
  }

  private async follow(socket: WebSocket, request: UpgradeRequest, query: URLSearchParams): Promise<void> {
    const { tenant } = request.principal;
    const types = parseTypes(query.get('types'));
    const since = query.get('since');
    const runId = query.get('run_id')?.toLowerCase();
    if (runId === undefined) {
      const after = since === null || since === '' ? this.starts.of(request) : decodePosition(since);
      const sink = new WsSink(socket, ({ id, data }) => ({ ...data, cursor: id }));
      return this.tenantStreams.stream({ tenant, after, filter: { types } }, sink);
    }
    if (!isUuid(runId) || (await this.reader.state(tenant, runId)) === 'unknown') throw new NotFoundError('run');
    return this.runStreams.stream({ tenant, runId, after: parseSeq(since ?? undefined), types }, new WsSink(socket));
  }
}

function parseTypes(text: string | null): ReadonlySet<RunEventType> | undefined {
  if (text === null || text === '') return undefined;
  const types = text.split(',');
  const unknown = types.find((type) => !(RUN_EVENT_TYPES as readonly string[]).includes(type));
  if (unknown !== undefined) throw new BadRequestError(`${unknown.slice(0, 60)} is not an event type`);
  return new Set(types as RunEventType[]);
}

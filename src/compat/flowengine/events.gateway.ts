import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { type FeedItem, FeedStart, TenantStreamService, WsSink } from '../../modules/runs/index.js';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../platform/http/edge-ws.adapter.js';
import { TranslatingSink } from '../kit/index.js';
import { FlowEngineEvents } from './events.js';

/** `/api/events?execution_id=`: what happens from now on, of all executions of the tenant or of one. What clients send is passed over. */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/compat/flowengine/api/events', access: 'events.read', prepare: FeedStart })
export class FlowEngineEventsGateway implements OnGatewayConnection {
  constructor(
    private readonly streams: TenantStreamService,
    private readonly starts: FeedStart,
  ) {}

  handleConnection(socket: WebSocket, request: UpgradeRequest): Promise<void> {
    const execution = new URL(request.url ?? '/', 'ws://heddle').searchParams.get('execution_id');
    const events = new FlowEngineEvents();
    const sink = new TranslatingSink(new WsSink(socket), ({ id, data }) => {
      const said = events.translate(data as FeedItem);
      return said === null ? [] : [{ id, event: said.type, data: said }];
    });
    return this.streams.stream(
      {
        tenant: request.principal.tenant,
        after: this.starts.of(request),
        filter: execution === null || execution === '' ? {} : { runId: execution.toLowerCase() },
        frame: (item) => ({ id: item.event.run_id, event: item.event.type, data: item }),
      },
      sink,
    );
  }
}

import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { type FeedFrame, type FeedItem, type FeedSink, FeedStart, TenantStreamService, WsSink } from '../../modules/runs/index.js';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../platform/http/edge-ws.adapter.js';
import { upgradeUrl } from '../../platform/http/upgrade-url.js';
import { TranslatingSink } from '../kit/index.js';
import { FlowEngineAudience, type Listener } from './audience.js';
import { FlowEngineEvents } from './events.js';

/** `/api/events?execution_id=`: what happens from now on, of all executions of the tenant or of one. What clients send is passed over. */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/compat/flowengine/api/events', access: 'events.read', prepare: FeedStart })
export class FlowEngineEventsGateway implements OnGatewayConnection {
  constructor(
    private readonly streams: TenantStreamService,
    private readonly starts: FeedStart,
    private readonly audience: FlowEngineAudience,
  ) {}

  async handleConnection(socket: WebSocket, request: UpgradeRequest): Promise<void> {
    const { tenant } = request.principal;
    const execution = upgradeUrl(request.url).searchParams.get('execution_id')?.toLowerCase() || null;
    const listener: Listener = { tenant, execution };
    const leave = this.audience.join(listener);
    const sink = this.translated(new WsSink(socket), listener);
    const frame = (item: FeedItem): FeedFrame => ({ id: item.event.run_id, event: item.event.type, data: item });
    await this.streams.stream({ tenant, after: this.starts.of(request), filter: { runId: execution ?? undefined }, frame }, sink);
    leave();
  }

  private translated(sink: FeedSink, listener: Listener): FeedSink {
    const events = new FlowEngineEvents();
    return new TranslatingSink(sink, ({ id: execution, data }) => {
      const said = events.translate(data as FeedItem);
      // Whoever waits for this goes on when this call is over, which sends it.
      if (said?.type === 'WorkflowCompleted') this.audience.told(listener, execution);
      return said === null ? [] : [{ id: execution, event: said.type, data: said }];
    });
  }
}

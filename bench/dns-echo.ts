/** The bare limit: a UDP server that sends every packet back. */
import { createSocket } from 'node:dgram';

const socket = createSocket({
  type: 'udp4',
  lookup: (host, _options, done) => done(null, host, 4),
});
socket.on('message', (packet, from) => socket.send(packet, from.port, from.address));
socket.bind(0, '127.0.0.1', () => process.send?.(socket.address().port));

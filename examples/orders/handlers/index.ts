/** The function's entry: one route, one file. */
import { createOrder } from './create-order.ts';
import { getOrder } from './get-order.ts';
import { health } from './health.ts';
import { type HttpEvent, type HttpResult, json } from './http.ts';
import { listOrders } from './list-orders.ts';

const routes: Readonly<Record<string, (event: HttpEvent) => Promise<HttpResult>>> = {
  'POST /orders': createOrder,
  'GET /orders': listOrders,
  'GET /orders/{id}': getOrder,
  'GET /health': health,
};

/** Called by Lambda with an event of API Gateway, payload format 2.0. */
export async function handler(event: HttpEvent): Promise<HttpResult> {
  const route = routes[event.routeKey];
  return route === undefined
    ? json(404, { message: `no route ${event.routeKey}` })
    : await route(event);
}

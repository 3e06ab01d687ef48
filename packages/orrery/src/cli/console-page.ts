/**
 * The page at the admin interface's root until the console has its own build: regions, health and
 * faults, read from the same JSON that everybody can read, refreshed every second.
 */
export const consolePage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Orrery</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
  th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #ddd; }
  .running, .healthy { color: #187a32; } .down, .unhealthy { color: #b3261e; }
  .hung, .starting { color: #9a6700; } code { background: #f2f2f2; padding: 0 .3em; }
</style>
<h1>Orrery</h1><p id="head"></p>
<h2>Regions</h2><table id="regions"></table>
<h2>Health checks</h2><table id="checks"></table>
<h2>Faults in force</h2><table id="faults"></table>
<h2>What happened last</h2><p id="incident"></p><table id="timeline"></table>
<p>The same facts: <a href="/api/status">/api/status</a>, <a href="/api/conflicts">/api/conflicts</a>,
<a href="/api/logs">/api/logs</a>, <a href="/api/timeline">/api/timeline</a>,
<a href="/api/lookups">/api/lookups</a>. Commands: <code>orrery --help</code>.</p>
<script>
  const cell = (text, name) => {
    const td = document.createElement('td');
    td.textContent = text;
    if (name) td.className = name;
    return td;
  };
  const fill = (id, head, rows) => {
    const table = document.getElementById(id);
    const top = document.createElement('tr');
    top.append(...head.map((text) => Object.assign(document.createElement('th'), { textContent: text })));
    table.replaceChildren(top, ...rows.map((cells) => {
      const tr = document.createElement('tr');
      tr.append(...cells);
      return tr;
    }));
  };
  const show = async () => {
    const status = await (await fetch('/api/status')).json();
    document.getElementById('head').textContent =
      'endpoint ' + status.endpoint + ' · dns ' + status.dns + ' · proxy ' + status.proxy +
      ' · latency ' + status.latency + (status.timeScale === 1 ? '' : ' · time scale ' + status.timeScale);
    fill('regions', ['Region', 'State', 'Endpoint', 'Waiting to replicate'], status.regions.map((r) => [
      cell(r.id), cell(r.state, r.state), cell(r.endpoint),
      cell(r.replication.reduce((sum, one) => sum + one.queueDepth, 0)),
    ]));
    fill('checks', ['Target', 'State', 'Votes', 'Last failure'], status.healthChecks.map((c) => [
      cell(c.target), cell(c.healthy ? 'healthy' : 'unhealthy', c.healthy ? 'healthy' : 'unhealthy'),
      cell(c.healthyVotes + '/' + c.votes), cell(c.lastFailure || ''),
    ]));
    fill('faults', ['Id', 'Fault', 'Regions'], status.faults.map((f) => [
      cell(f.id), cell(f.action), cell(f.targets.join(' ')),
    ]));
    const { incidents } = await (await fetch('/api/timeline')).json();
    const last = incidents.at(-1);
    document.getElementById('incident').textContent = last ? last.title : 'Nothing so far.';
    fill('timeline', ['Time', 'Since', 'What'], (last ? last.steps : []).map((s) => [
      cell(new Date(s.atMs).toLocaleTimeString()), cell('+' + (s.offsetMs / 1000).toFixed(1) + ' s'), cell(s.text),
    ]));
  };
  show();
  setInterval(() => show().catch(() => {}), 1000);
</script>
</html>
`;

(() => {
  const pause = 10000;
  let known = document.body.dataset.version;
  const busy = part => part.contains(document.activeElement) || part.querySelector('.fold[open]') || [...part.querySelectorAll('textarea, .field:not(select)')].some(field => field.value);
  const look = async () => {
    if (document.hidden) return;
    const answer = await fetch(location.pathname + location.search, { headers: { 'if-none-match': `"${known}"` } }).catch(() => null);
    if (!answer || answer.status === 304 || !answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const danger = Number(next.body.dataset.danger) > Number(document.body.dataset.danger);
    const parts = [...document.querySelectorAll('[data-live]')], inUse = parts.filter(busy);
    for (const part of parts) {
      const fresh = next.getElementById(part.id);
      if (fresh && !inUse.includes(part)) part.replaceWith(document.importNode(fresh, true));
    }
    document.title = next.title;
    if (!inUse.length) known = next.body.dataset.version;
    document.body.dataset.danger = next.body.dataset.danger;
    if (danger) document.getElementById('alarm').hidden = false;
  };
  setInterval(look, pause);
  document.addEventListener('visibilitychange', look);
})();

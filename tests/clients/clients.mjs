// Each client publishes, subscribes live, queries, and does what else it can, against one relay. A failure ends with
// exit code 1; a check that does not answer in time is one.
import assert from 'node:assert/strict';
import WebSocket from 'ws';

globalThis.WebSocket ??= WebSocket;
const { finalizeEvent, generateSecretKey, getPublicKey } = await import('nostr-tools/pure');
const address = process.argv[2];
let passed = 0, failed = 0;

const note = (secret, content, extra = {}) => finalizeEvent(
  { kind: 1, created_at: Math.floor(Date.now() / 1000), tags: [['t', 'clients']], content, ...extra }, secret);

const late = (promise, what) => Promise.race([
  promise,
  new Promise((_, reject) => setTimeout(() => reject(new Error(`${what}: no answer in 120 s`)), 120_000)),
]);

async function check(name, body) {
  try {
    await late(body(), name);
    passed++;
    console.log(`ok    ${name}`);
  } catch (failure) {
    failed++;
    console.log(`FAIL  ${name}: ${failure?.stack ?? failure}`);
  }
}

await check('nostr-tools: publish, live, query, count, auth, document, negentropy', async () => {
  const { Relay } = await import('nostr-tools/relay');
  const { SimplePool } = await import('nostr-tools/pool');
  const nip11 = await import('nostr-tools/nip11');
  const { NegentropyStorageVector, NegentropySync } = await import('./node_modules/nostr-tools/lib/esm/nip77.js');
  const secret = generateSecretKey(), author = getPublicKey(secret);
  const relay = await Relay.connect(address);
  const live = new Promise(resolve => {
    relay.subscribe([{ authors: [author] }], { onevent: resolve, oneose: () => { void relay.publish(note(secret, 'live')); } });
  });
  assert.equal((await live).content, 'live');
  await relay.publish(note(secret, 'second <&> "quoted" \u2028 emoji \u{1F600}'));
  const pool = new SimplePool();
  assert.equal((await pool.querySync([address], { authors: [author] })).length, 2);
  assert.equal(await relay.count([{ authors: [author] }], {}), 2);
  await assert.rejects(relay.publish(note(secret, 'protected', { tags: [['-']] })), /auth-required/);
  await relay.auth(async template => finalizeEvent(template, secret));
  await relay.publish(note(secret, 'protected', { tags: [['-']] }));
  const document = await nip11.fetchRelayInformation(address);
  assert.ok(document.supported_nips.includes(77));
  const storage = new NegentropyStorageVector();
  storage.seal();
  const needed = [];
  await new Promise((resolve, reject) => {
    new NegentropySync(relay, storage, { authors: [author] }, {
      onneed: id => needed.push(id), onclose: problem => problem ? reject(new Error(problem)) : resolve(),
    }).start();
  });
  assert.equal(needed.length, 3);
  relay.close();
  pool.close([address]);
});

await check('NDK: publish, fetch, subscribe, delete', async () => {
  const { default: NDK, NDKEvent, NDKPrivateKeySigner } = await import('@nostr-dev-kit/ndk');
  const signer = NDKPrivateKeySigner.generate();
  const ndk = new NDK({ explicitRelayUrls: [address], signer, enableOutboxModel: false });
  await ndk.connect(5000);
  const author = (await signer.user()).pubkey;
  const live = new Promise(resolve => {
    const subscription = ndk.subscribe({ kinds: [1], authors: [author] }, { closeOnEose: false });
    subscription.on('event', resolve);
  });
  const event = new NDKEvent(ndk, { kind: 1, content: 'from NDK' });
  await event.publish();
  assert.equal((await live).content, 'from NDK');
  const found = await ndk.fetchEvents({ kinds: [1], authors: [author] });
  assert.equal(found.size, 1);
  await event.delete('gone');
  assert.equal((await ndk.fetchEvents({ kinds: [1], authors: [author] }, { cacheUsage: 'ONLY_RELAY' })).size, 0);
});

await check('nostrify: event, query, count', async () => {
  const { NRelay1 } = await import('@nostrify/nostrify');
  const secret = generateSecretKey(), author = getPublicKey(secret);
  const relay = new NRelay1(address);
  await relay.event(note(secret, 'from nostrify'));
  assert.equal((await relay.query([{ authors: [author] }]))[0].content, 'from nostrify');
  assert.equal((await relay.count([{ authors: [author] }])).count, 1);
  await relay.close();
});

await check('applesauce-relay: publish, request, live', async () => {
  const { Relay } = await import('applesauce-relay');
  const { firstValueFrom, lastValueFrom, filter, toArray, take } = await import('rxjs');
  const secret = generateSecretKey(), author = getPublicKey(secret);
  const relay = new Relay(address);
  const live = firstValueFrom(relay.subscription({ authors: [author] }).pipe(filter(one => typeof one === 'object' && one?.content)));
  await new Promise(resolve => setTimeout(resolve, 300));
  assert.equal((await relay.publish(note(secret, 'from applesauce'))).ok, true);
  const first = await live;
  assert.equal(first.content, 'from applesauce');
  const all = await lastValueFrom(relay.request({ authors: [author] }).pipe(take(1), toArray()));
  assert.equal(all.length, 1);
  relay.close?.();
});

await check('rx-nostr: send, backward and forward requests', async () => {
  const { createRxNostr, createRxBackwardReq, createRxForwardReq } = await import('rx-nostr');
  const { verifyEvent } = await import('nostr-tools/pure');
  const secret = generateSecretKey(), author = getPublicKey(secret);
  const rx = createRxNostr({ verifier: async event => verifyEvent(event), websocketCtor: WebSocket });
  rx.setDefaultRelays([address]);
  const forward = createRxForwardReq();
  const live = new Promise(resolve => rx.use(forward).subscribe(packet => resolve(packet.event)));
  forward.emit([{ authors: [author] }]);
  await new Promise(resolve => setTimeout(resolve, 300));
  await new Promise((resolve, reject) => rx.send(note(secret, 'from rx-nostr')).subscribe({
    next: packet => packet.ok ? resolve() : reject(new Error(packet.notice)), error: reject,
  }));
  assert.equal((await live).content, 'from rx-nostr');
  const backward = createRxBackwardReq();
  const events = [];
  const ended = new Promise(resolve => rx.use(backward).subscribe({ next: packet => events.push(packet.event), complete: resolve }));
  backward.emit([{ authors: [author] }]);
  backward.over();
  await ended;
  assert.equal(events.length, 1);
  rx.dispose();
});

await check('nostr-fetch: pages through 1200 events', async () => {
  const { NostrFetcher } = await import('nostr-fetch');
  const { Relay } = await import('nostr-tools/relay');
  const secret = generateSecretKey(), author = getPublicKey(secret);
  const relay = await Relay.connect(address);
  const now = Math.floor(Date.now() / 1000);
  let waited = 0;
  for (let i = 0; i < 1200; i++) {
    const event = note(secret, `${i}`, { created_at: now - i });
    for (;;) {
      try {
        await relay.publish(event);
        break;
      } catch (refusal) {
        // The relay's rates hold for this client as for any.
        if (!/rate-limited/.test(String(refusal)) || ++waited > 2000) throw refusal;
        await new Promise(resolve => setTimeout(resolve, 100));
      }
    }
  }
  const fetcher = NostrFetcher.init({ webSocketConstructor: WebSocket });
  const all = await fetcher.fetchAllEvents([address], { authors: [author], kinds: [1] }, {}, { sort: true });
  assert.equal(all.length, 1200);
  fetcher.shutdown();
  relay.close();
});

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

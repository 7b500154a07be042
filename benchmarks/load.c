// load: the clients of a broadcast server over WebSocket, for measuring it. Linux only.
//
// Opens connections, tells the server what its protocol wants to hear, posts texts, reads every
// frame that comes back, and prints one JSON line.
//
// Each text ends in a marker: who posted it, its number among the sender's texts, and when it was
// due. Every receiver checks that each sender's numbers arrive one by one; so every run, a timed
// one too, tells how many deliveries were lost or came twice. With --drain it also waits for the
// last ones.
//
// Closed loop: each sender keeps --window of its texts in flight. Open loop (--rate): texts are due
// at fixed times, and a late one is as late as its receipt is after the time it was due.
//
// In what is said, %r is the room's number, %c the connection's, %t a text, %m a marker, %% a %.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

// ---- What is asked for

typedef struct { const char *say, *hear; } Step; // say nothing: only listen; hear nothing: only say

enum { MAX_STEPS = 8, MAX_PIDS = 16 };

static int port = 8181, clients = 10, rooms = 1, members, per_room = 1, window = 1, size = 64;
static int dialing = 64, binary, announce, steps_count, pids_count, pids[MAX_PIDS];
static long limit, replay_first, replay_last;
static double rate, warmup = 1, seconds = 3, settle = 0.3, drain;
static const char *path = "/", *subprotocol, *join, *joined = "", *message = "%t";
static const char *ack, *refused;
static Step steps[MAX_STEPS];

// ---- Failing, time, and what the kernel knows about a process

static void die(const char *what)
{
    fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static double cpu_seconds(void) // of the server: all threads, user and kernel
{
    double sum = 0;
    for (int i = 0; i < pids_count; i++) {
        char name[64], line[1024];
        unsigned long user = 0, kernel = 0;
        snprintf(name, sizeof name, "/proc/%d/stat", pids[i]);
        FILE *f = fopen(name, "r");
        if (!f) die("the server is gone");
        char *fields = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
        fclose(f);
        if (fields) sscanf(fields + 2, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user, &kernel);
        sum += (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
    }
    return sum;
}

static long server_memory_kb(const char *key)
{
    long sum = 0, kb;
    for (int i = 0; i < pids_count; i++) {
        char name[64], line[256];
        snprintf(name, sizeof name, "/proc/%d/status", pids[i]);
        FILE *f = fopen(name, "r");
        if (!f) die("the server is gone");
        while (fgets(line, sizeof line, f))
            if (!strncmp(line, key, strlen(key)) && sscanf(line + strlen(key), ": %ld", &kb) == 1) sum += kb;
        fclose(f);
    }
    return sum;
}

static double own_cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
         + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// ---- Histograms of microseconds: 32 steps to each doubling, so within 3 %

typedef struct { uint64_t count, steps[28 * 32]; uint32_t most; } Histogram;

static void note(Histogram *h, uint32_t us)
{
    int doubling = us < 32 ? 0 : 27 - __builtin_clz(us);
    h->steps[doubling * 32 + (int)(us >> (doubling ? doubling - 1 : 0)) - (doubling ? 32 : 0)]++;
    h->count++;
    if (us > h->most) h->most = us;
}

static double percentile(const Histogram *h, double p)
{
    uint64_t before = 0;
    for (int i = 0; i < 28 * 32; i++) {
        before += h->steps[i];
        if (before && (double)before >= p * (double)h->count) {
            if (i < 32) return i;
            double width = (double)(1u << (i / 32 - 1));
            double middle = (32 + i % 32) * width + width / 2;
            return middle < h->most ? middle : h->most;
        }
    }
    return 0;
}

// ---- Markers: the tag, then three numbers of 32 bits in letters, one for each 4 bits

#define TAG "=marker="
enum { MARKER = 32 };

static uint64_t in_letters(uint32_t n)
{
    uint64_t x = n;
    x = (x | x << 16) & 0x0000FFFF0000FFFF;
    x = (x | x << 8) & 0x00FF00FF00FF00FF;
    x = (x | x << 4) & 0x0F0F0F0F0F0F0F0F;
    return x + 0x6161616161616161; // a to p: JSON and every other protocol leave them alone
}

static uint32_t from_letters(const char *p)
{
    uint64_t x;
    memcpy(&x, p, 8);
    x = (x - 0x6161616161616161) & 0x0F0F0F0F0F0F0F0F;
    x = (x | x >> 4) & 0x00FF00FF00FF00FF;
    x = (x | x >> 8) & 0x0000FFFF0000FFFF;
    return (uint32_t)(x | x >> 16);
}

static void write_marker(char *to, uint32_t sender, uint32_t number, uint32_t due)
{
    uint64_t letters[3] = {in_letters(sender), in_letters(number), in_letters(due)};
    memcpy(to, TAG, 8);
    memcpy(to + 8, letters, 24);
}

static int is_marker(const char *p)
{
    uint64_t here, tag;
    memcpy(&here, p, 8);
    memcpy(&tag, TAG, 8);
    return here == tag;
}

// ---- What is said, with its places filled in

typedef struct { char *bytes; size_t length, markers[4]; int markers_count; } Text;

static void place_marker(Text *t, char *at)
{
    if (t->markers_count == 4) die("too many markers in a message");
    t->markers[t->markers_count++] = (size_t)(at - t->bytes);
    memset(at, 'x', MARKER);
}

static Text fill_in(const char *form, int client, int room)
{
    Text t = {.bytes = malloc(strlen(form) * 12 + (size_t)size * 2)};
    char *to = t.bytes;
    for (; *form; form++) {
        if (*form != '%') { *to++ = *form; continue; }
        switch (*++form) {
        case 'r': to += sprintf(to, "%d", room); break;
        case 'c': to += sprintf(to, "%d", client); break;
        case 't': memset(to, 'x', (size_t)size); to += size; place_marker(&t, to - MARKER); break;
        case 'm': place_marker(&t, to); to += MARKER; break;
        case '%': *to++ = '%'; break;
        default: errno = 0; die("after % comes one of r c t m %");
        }
    }
    *to = 0;
    t.length = (size_t)(to - t.bytes);
    return t;
}

// ---- Clients, senders, and their counts

enum State { UPGRADING, TALKING, JOINING, REPLAYING, OPEN, GONE };

typedef struct {
    int index, fd, step;
    enum State state;
    long place;                   // which membership is being joined: room * members + member
    uint64_t asked;               // when it asked to join
    long next_seq;                // while replaying
    size_t inside;                // payload still to come of a frame too large to be kept
    char *kept, *out;
    size_t kept_length, out_from, out_length, out_room;
} Client;

typedef struct { int client, room, slot, first; uint32_t posted, in_flight; Text text; } Sender;

static Client *all;
static Sender *senders;
static uint32_t *seen; // by member and sender of its room: the number of the last text
static int senders_count, opened, epoll, timer = -1, measuring, posting;
static uint64_t posted, received, gaps, repeats, strays, broken, refusals, deliveries, posts;
static uint64_t now, due; // now: when the clock was last read; due: when the next text is (open loop)
static uint64_t last_receipt;
static Histogram delivery_us, commit_us, join_us;

// ---- Sending

static void watch(Client *c, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll, how, c->fd, &e)) die("epoll_ctl");
}

static void lose(Client *c)
{
    if (c->state == GONE) return;
    if (c->state != OPEN) { errno = 0; die("the server closed a connection before it was open"); }
    c->state = GONE;
    broken++;
    close(c->fd);
}

static char *room_for(Client *c, size_t more)
{
    if (c->out_length + more > c->out_room)
        c->out = realloc(c->out, c->out_room = (c->out_length + more) * 2);
    char *place = c->out + c->out_length;
    c->out_length += more;
    return place;
}

static void add_frame(Client *c, int opcode, const char *payload, size_t n)
{
    static const unsigned char mask[8] = {0x5b, 0xe1, 0x36, 0x9c, 0x5b, 0xe1, 0x36, 0x9c};
    size_t header = n < 126 ? 2 : n < 65536 ? 4 : 10;
    char *to = room_for(c, header + 4 + n);
    to[0] = (char)(0x80 | opcode);
    to[1] = (char)(0x80 | (n < 126 ? n : n < 65536 ? 126 : 127));
    for (size_t i = 2; i < header; i++) to[i] = (char)(n >> 8 * (header - 1 - i));
    memcpy(to += header, mask, 4);
    to += 4;
    uint64_t word, key;
    memcpy(&key, mask, 8);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&word, payload + i, 8);
        word ^= key;
        memcpy(to + i, &word, 8);
    }
    for (; i < n; i++) to[i] = (char)(payload[i] ^ mask[i & 7]);
}

static void flush(Client *c)
{
    while (c->out_from < c->out_length) {
        ssize_t n = send(c->fd, c->out + c->out_from, c->out_length - c->out_from, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) { watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD); return; }
        if (n < 0) { lose(c); return; }
        c->out_from += (size_t)n;
    }
    c->out_from = c->out_length = 0;
}

static void post(Sender *s, uint64_t due_us)
{
    if (!posting || (limit && posted == (uint64_t)limit) || all[s->client].state == GONE) return;
    s->posted++;
    s->in_flight++;
    posted++;
    posts += (uint64_t)measuring;
    for (int i = 0; i < s->text.markers_count; i++)
        write_marker(s->text.bytes + s->text.markers[i], (uint32_t)(s - senders), s->posted, (uint32_t)due_us);
    add_frame(&all[s->client], binary ? 2 : 1, s->text.bytes, s->text.length);
}

static void say(Client *c, const char *form, int room)
{
    Text t = fill_in(form, c->index, room);
    if (t.length) add_frame(c, binary ? 2 : 1, t.bytes, t.length);
    free(t.bytes);
    flush(c);
}

// ---- Opening: upgrade, dialogue, joining the rooms, replaying what was missed

static void be_open(Client *c)
{
    c->state = OPEN;
    opened++;
}

static void go_on(Client *c) // say what is next, or be open
{
    for (c->state = TALKING; c->step < steps_count; c->step++) {
        say(c, steps[c->step].say, 0);
        if (*steps[c->step].hear) return;
    }
    c->state = JOINING;
    if (!join || c->place >= (long)rooms * members) { be_open(c); return; }
    c->asked = now_us();
    say(c, join, (int)(c->place / members));
}

static void has_joined(Client *c)
{
    if (replay_last && c->next_seq <= replay_last) { c->state = REPLAYING; return; }
    note(&join_us, (uint32_t)(now_us() - c->asked));
    c->place += clients;
    go_on(c);
}

static int hears(Client *c, const char *p, size_t n, const char *form, int room)
{
    Text t = fill_in(form, c->index, room);
    int found = memmem(p, n, t.bytes, t.length) != NULL;
    free(t.bytes);
    return found;
}

static void replay(Client *c, const char *p, size_t n)
{
    static const char key[] = "\"seq\":";
    const char *at = memmem(p, n, key, sizeof key - 1);
    if (!at) return; // a signal
    long seq = strtol(at + sizeof key - 1, NULL, 10);
    if (seq > c->next_seq) gaps += (uint64_t)(seq - c->next_seq);
    if (seq < c->next_seq) repeats++;
    else c->next_seq = seq + 1;
    if (seq >= replay_last) has_joined(c);
}

static void greet(Client *c, const char *p, size_t n)
{
    if (refused && memmem(p, n, refused, strlen(refused))) {
        fprintf(stderr, "load: refused: %.*s\n", (int)(n < 300 ? n : 300), p);
        exit(1);
    }
    if (c->state == TALKING && hears(c, p, n, steps[c->step].hear, 0)) { c->step++; go_on(c); }
    else if (c->state == JOINING && hears(c, p, n, joined, (int)(c->place / members))) has_joined(c);
}

static size_t upgrade(Client *c, const char *p, size_t n)
{
    const char *end = memmem(p, n, "\r\n\r\n", 4);
    if (!end) return 0;
    if (n < 12 || memcmp(p, "HTTP/1.1 101", 12)) {
        fprintf(stderr, "load: no upgrade: %.*s\n", (int)(end - p), p);
        exit(1);
    }
    go_on(c);
    return (size_t)(end + 4 - p);
}

static void dial(Client *c)
{
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // An address has about 28,000 ports: the next 10,000 clients come from the next address.
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(c->index / 10000));
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(c->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    to.sin_port = htons((uint16_t)port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect");
    Text target = fill_in(path, c->index, (int)(c->place / members));
    char request[2048]; // the key is the example of RFC 6455, section 1.3
    int n = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
        target.bytes, port, subprotocol ? "Sec-WebSocket-Protocol: " : "",
        subprotocol ? subprotocol : "", subprotocol ? "\r\n" : "");
    free(target.bytes);
    memcpy(room_for(c, (size_t)n), request, (size_t)n);
    watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

// ---- Receiving

enum { KEEP = 1 << 16, READ = 1 << 18 }; // frames up to KEEP are handled whole

static void deliver(Client *c, const char *marker)
{
    uint32_t id = from_letters(marker + 8), number = from_letters(marker + 16);
    if (id >= (uint32_t)senders_count) { strays++; return; }
    Sender *s = &senders[id];
    int member = c->index - s->first;
    if (member < 0) member += clients;
    if (member >= members) { strays++; return; }
    uint32_t *last = &seen[((size_t)s->room * (size_t)members + (size_t)member) * (size_t)per_room + (size_t)s->slot];
    if (number <= *last) { repeats++; return; }
    gaps += number - *last - 1;
    *last = number;
    received++;
    last_receipt = now;
    int own = c->index == s->client;
    if (measuring) {
        deliveries++;
        if (!own || members == 1) note(&delivery_us, (uint32_t)now - from_letters(marker + 24));
    }
    if (own) {
        s->in_flight--;
        if (!rate) post(s, now);
    }
}

static char *find_deliveries(Client *c, char *p, char *end) // returns where the last one ends
{
    static size_t usual; // how far on the next marker usually is
    while (end - p >= MARKER) {
        char *marker = p + usual;
        if (end - p < (ptrdiff_t)usual + MARKER || !is_marker(marker)) {
            marker = memmem(p, (size_t)(end - p), TAG, 8);
            if (!marker || end - marker < MARKER) break;
            usual = (size_t)(marker - p);
        }
        deliver(c, marker);
        p = marker + MARKER;
    }
    return p;
}

static int is_refusal(const char *p, size_t n)
{
    if (!refused || !memmem(p, n, refused, strlen(refused))) return 0;
    if (!refusals++) fprintf(stderr, "load: refused: %.*s\n", (int)(n < 300 ? n : 300), p);
    return 1;
}

static void handle(Client *c, int opcode, char *p, size_t n)
{
    size_t ack_length = ack ? strlen(ack) : 0;
    if (opcode == 9) { add_frame(c, 10, p, n); flush(c); }
    else if (opcode == 8) lose(c);
    else if (opcode > 2) return; // a pong
    else if (c->state == REPLAYING) replay(c, p, n);
    else if (c->state != OPEN) greet(c, p, n);
    else if (ack && n >= ack_length + MARKER && !memcmp(p, ack, ack_length)) {
        if (!is_refusal(p, n) && measuring) note(&commit_us, (uint32_t)now - from_letters(p + ack_length + 24));
    } else if (find_deliveries(c, p, p + n) == p) is_refusal(p, n);
}

static size_t read_frames(Client *c, char *p, char *end) // returns how much was used
{
    char *from = p;
    while (p < end && c->state != GONE) {
        size_t have = (size_t)(end - p), header = 2;
        if (c->inside) { // a piece of a large frame: all but what may be the start of a marker
            size_t piece = have < c->inside ? have : c->inside;
            size_t used = (size_t)(find_deliveries(c, p, p + piece) - p);
            if (piece == c->inside) used = piece;
            else if (piece >= MARKER && used < piece - MARKER + 1) used = piece - MARKER + 1;
            c->inside -= used;
            p += used;
            if (piece != used) break;
            continue;
        }
        if (have < header) break;
        size_t n = (unsigned char)p[1] & 127;
        if (n > 125) {
            header = n == 126 ? 4 : 10;
            if (have < header) break;
            n = 0;
            for (size_t i = 2; i < header; i++) n = n << 8 | (unsigned char)p[i];
        }
        if (have < header + n && n <= KEEP) break;
        if (have < header + n) { c->inside = n; p += header; continue; }
        handle(c, p[0] & 15, p + header, n);
        p += header + n;
    }
    return (size_t)(p - from);
}

static void hear(Client *c)
{
    static char buffer[KEEP + 16 + READ];
    memcpy(buffer, c->kept, c->kept_length);
    ssize_t n = recv(c->fd, buffer + c->kept_length, READ, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { lose(c); return; }
    size_t have = c->kept_length + (size_t)n, used = 0;
    if (c->state == UPGRADING) used = upgrade(c, buffer, have);
    if (c->state != UPGRADING) used += read_frames(c, buffer + used, buffer + have);
    c->kept_length = have - used;
    c->kept = realloc(c->kept, c->kept_length + 1);
    memcpy(c->kept, buffer + used, c->kept_length);
    if (c->state != GONE) flush(c);
}

static void poll_once(int ms)
{
    struct epoll_event ready[256];
    int n = epoll_wait(epoll, ready, 256, ms);
    now = now_us();
    for (int i = 0; i < n; i++) {
        Client *c = ready[i].data.ptr;
        if (!c || c->state == GONE) continue; // no client: the timer
        if (ready[i].events & EPOLLOUT) { watch(c, EPOLLIN, EPOLL_CTL_MOD); flush(c); }
        if (ready[i].events & ~(uint32_t)EPOLLOUT) { now = now_us(); hear(c); }
    }
}

// ---- The course of a run

static void open_all(void)
{
    uint64_t progress = now_us();
    for (int dialed = 0, before = 0; opened < clients; before = opened) {
        while (dialed < clients && dialed - opened < dialing) dial(&all[dialed++]);
        poll_once(100);
        if (opened > before) progress = now;
        if (now - progress < 60000000) continue;
        fprintf(stderr, "load: only %d of %d connections were opened\n", opened, clients);
        exit(1);
    }
}

static void pause_for(double s)
{
    for (uint64_t end = now_us() + (uint64_t)(s * 1e6); now_us() < end;) poll_once(5);
}

static void post_what_is_due(void) // open loop: each sender in turn
{
    static int turn;
    for (now = now_us(); due <= now; due += (uint64_t)(1e6 / rate)) {
        Sender *s = &senders[turn++ % senders_count];
        post(s, due);
        flush(&all[s->client]);
    }
    uint64_t wait = due - now;
    struct itimerspec t = {.it_value = {(time_t)(wait / 1000000), (long)(wait % 1000000 * 1000 + 1)}};
    timerfd_settime(timer, 0, &t, NULL);
}

static void start_posting(void)
{
    posting = 1;
    now = due = last_receipt = now_us();
    if (!rate) {
        for (Sender *s = senders; s < senders + senders_count; s++) {
            for (int i = 0; i < window; i++) post(s, now);
            flush(&all[s->client]);
        }
        return;
    }
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET};
    if (timer < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &e)) die("timer");
}

static uint64_t missing(void) { return posted * (uint64_t)members - received; }

static int is_complete(void) // nothing is missing, or it won't come any more
{
    return !missing() || (drain > 0 && now - last_receipt > (uint64_t)(drain * 1e6));
}

static volatile sig_atomic_t is_told_to_end;

static void end_early(int signal) { is_told_to_end = signal; }

static void run_until(uint64_t end)
{
    while ((now = now_us()) < end && !is_told_to_end) {
        if (limit && posted == (uint64_t)limit && is_complete()) return;
        if (rate) post_what_is_due();
        poll_once(end - now < 100000 ? (int)((end - now) / 1000) + 1 : 100);
    }
}

static void wait_for_the_last(void)
{
    posting = 0;
    for (now = now_us(); !is_complete();) poll_once(20);
}

static void print_histogram(const char *name, const Histogram *h)
{
    printf(", \"%s\": {\"count\": %llu, \"p50\": %.0f, \"p99\": %.0f, \"p999\": %.0f, \"max\": %u}", name,
        (unsigned long long)h->count, percentile(h, .5), percentile(h, .99), percentile(h, .999), h->most);
}

static void prepare(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (!members) members = clients;
    errno = 0;
    if (size < MARKER) die("a text has at least 32 bytes, for its marker");
    if (members > clients) die("a room can't have more members than there are clients");
    if (per_room > members) die("a room can't have more senders than members");
    senders_count = rooms * per_room;
    all = calloc((size_t)clients, sizeof *all);
    senders = calloc((size_t)senders_count, sizeof *senders);
    seen = calloc((size_t)rooms * (size_t)members * (size_t)per_room, sizeof *seen);
    epoll = epoll_create1(0);
    if (!all || !senders || !seen || epoll < 0) die("can't start");
    for (int i = 0; i < clients; i++) all[i] = (Client){.index = i, .place = i, .next_seq = replay_first};
    for (int i = 0; i < senders_count; i++) {
        Sender *s = &senders[i];
        s->room = i / per_room, s->slot = i % per_room;
        s->first = (int)((long)s->room * members % clients);
        s->client = (s->first + s->slot) % clients;
        s->text = fill_in(message, s->client, s->room);
    }
}

static void parse(int argc, char **argv)
{
    enum { PORT = 1, PATH, SUBPROTOCOL, BINARY, CLIENTS, ROOMS, MEMBERS, SENDERS, WINDOW, RATE, SIZE, MESSAGE,
        SAY, HEAR, JOIN, JOINED, ACK, REFUSED, REPLAY, DIALING, SETTLE, WARMUP, SECONDS, DRAIN, LIMIT, ANNOUNCE, PID };
    static const struct option options[] = {
        {"port", 1, 0, PORT}, {"path", 1, 0, PATH}, {"subprotocol", 1, 0, SUBPROTOCOL}, {"binary", 0, 0, BINARY},
        {"clients", 1, 0, CLIENTS}, {"rooms", 1, 0, ROOMS}, {"members", 1, 0, MEMBERS}, {"senders", 1, 0, SENDERS},
        {"window", 1, 0, WINDOW}, {"rate", 1, 0, RATE}, {"size", 1, 0, SIZE}, {"message", 1, 0, MESSAGE},
        {"say", 1, 0, SAY}, {"hear", 1, 0, HEAR}, {"join", 1, 0, JOIN}, {"joined", 1, 0, JOINED},
        {"ack", 1, 0, ACK}, {"refused", 1, 0, REFUSED}, {"replay", 1, 0, REPLAY}, {"dialing", 1, 0, DIALING},
        {"settle", 1, 0, SETTLE}, {"warmup", 1, 0, WARMUP}, {"seconds", 1, 0, SECONDS}, {"drain", 1, 0, DRAIN},
        {"limit", 1, 0, LIMIT}, {"announce", 0, 0, ANNOUNCE},
        {"pid", 1, 0, PID}, {0, 0, 0, 0}};
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case PORT: port = atoi(optarg); break;
        case PATH: path = optarg; break;
        case SUBPROTOCOL: subprotocol = optarg; break;
        case BINARY: binary = 1; break;
        case CLIENTS: clients = atoi(optarg); break;
        case ROOMS: rooms = atoi(optarg); break;
        case MEMBERS: members = atoi(optarg); break;
        case SENDERS: per_room = atoi(optarg); break;
        case WINDOW: window = atoi(optarg); break;
        case RATE: rate = atof(optarg); break;
        case SIZE: size = atoi(optarg); break;
        case MESSAGE: message = optarg; break;
        case SAY:
            if (steps_count == MAX_STEPS) die("too many --say");
            steps[steps_count++] = (Step){optarg, ""};
            break;
        case HEAR:
            if (!steps_count) die("--hear comes after --say");
            steps[steps_count - 1].hear = optarg;
            break;
        case JOIN: join = optarg; break;
        case JOINED: joined = optarg; break;
        case ACK: ack = optarg; break;
        case REFUSED: refused = optarg; break;
        case REPLAY: if (sscanf(optarg, "%ld-%ld", &replay_first, &replay_last) != 2) die("--replay FIRST-LAST"); break;
        case DIALING: dialing = atoi(optarg); break;
        case SETTLE: settle = atof(optarg); break;
        case WARMUP: warmup = atof(optarg); break;
        case SECONDS: seconds = atof(optarg); break;
        case DRAIN: drain = atof(optarg); break;
        case LIMIT: limit = atol(optarg); break;
        case ANNOUNCE: announce = 1; break;
        case PID:
            if (pids_count == MAX_PIDS) die("too many --pid");
            pids[pids_count++] = atoi(optarg);
            break;
        default: exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    prepare();
    signal(SIGTERM, end_early); // ends the measuring and prints what was measured so far
    long memory_before = server_memory_kb("VmRSS");
    uint64_t begin = now_us();
    open_all();
    double opening = (double)(now_us() - begin) / 1e6;
    pause_for(settle);
    long memory_open = server_memory_kb("VmRSS");
    if (seconds > 0) {
        start_posting();
        run_until(now_us() + (uint64_t)(warmup * 1e6));
    }
    double cpu = cpu_seconds(), own_cpu = own_cpu_seconds();
    uint64_t from = now_us();
    measuring = 1;
    if (announce) puts("measuring"), fflush(stdout);
    run_until(from + (uint64_t)(seconds * 1e6));
    double took = (double)(now_us() - from + 1) / 1e6;
    measuring = 0;
    cpu = cpu_seconds() - cpu;
    own_cpu = own_cpu_seconds() - own_cpu;
    if (drain > 0) wait_for_the_last();
    printf("{\"opening_s\": %.4f, \"took_s\": %.4f, \"posted\": %llu, \"received\": %llu, \"messages_per_s\": %.1f"
        ", \"deliveries_per_s\": %.1f, \"server_cpu\": %.4f, \"load_cpu\": %.4f, \"cpu_us_per_delivery\": %.4f",
        opening, took, (unsigned long long)posted, (unsigned long long)received, (double)posts / took,
        (double)deliveries / took, cpu / took, own_cpu / took, deliveries ? cpu * 1e6 / (double)deliveries : 0);
    printf(", \"memory_before_kb\": %ld, \"memory_open_kb\": %ld, \"memory_peak_kb\": %ld", memory_before,
        memory_open, server_memory_kb("VmHWM"));
    print_histogram("delivery_us", &delivery_us);
    print_histogram("commit_us", &commit_us);
    print_histogram("join_us", &join_us);
    printf(", \"gaps\": %llu, \"repeats\": %llu, \"strays\": %llu, \"missing\": %llu, \"broken\": %llu, \"refused\": %llu}\n",
        (unsigned long long)gaps, (unsigned long long)repeats, (unsigned long long)strays,
        drain > 0 ? (unsigned long long)missing() : 0ull, (unsigned long long)broken, (unsigned long long)refusals);
    return 0;
}

// floor: the least that a broadcast server can do, as the physical limit to hold others against.
//
// What all clients sent in one round of epoll is joined into one buffer, and that buffer is written
// once to each client. No rooms, no storage, no checks: it is no server to use. Its answer to the
// upgrade is the one of RFC 6455, section 1.3, so it fits only the key given there.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct { char *bytes; size_t length, room; } Buffer;
typedef struct { int fd, is_upgraded; Buffer in, out; } Client;

enum { MAX_CLIENTS = 1 << 16, READ = 1 << 16 };

static Client *clients[MAX_CLIENTS]; // by file descriptor
static Buffer round_frames;
static int epoll, highest;

static void append(Buffer *b, const void *bytes, size_t n)
{
    if (b->length + n > b->room) b->bytes = realloc(b->bytes, b->room = (b->length + n) * 2);
    memcpy(b->bytes + b->length, bytes, n);
    b->length += n;
}

static void watch(Client *c, int how, unsigned events)
{
    struct epoll_event e = {.events = events, .data.fd = c->fd};
    epoll_ctl(epoll, how, c->fd, &e);
}

static void forget(Client *c)
{
    clients[c->fd] = NULL;
    close(c->fd);
    free(c->in.bytes);
    free(c->out.bytes);
    free(c);
}

static void write_to(Client *c, const char *bytes, size_t n)
{
    ssize_t sent = c->out.length ? 0 : send(c->fd, bytes, n, MSG_NOSIGNAL);
    if (sent < 0) sent = 0; // a client that is gone is noticed when it is read
    if ((size_t)sent == n) return;
    if (!c->out.length) watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    append(&c->out, bytes + sent, n - (size_t)sent);
}

static void drain(Client *c)
{
    ssize_t sent = send(c->fd, c->out.bytes, c->out.length, MSG_NOSIGNAL);
    if (sent <= 0) return;
    c->out.length -= (size_t)sent;
    memmove(c->out.bytes, c->out.bytes + sent, c->out.length);
    if (!c->out.length) watch(c, EPOLL_CTL_MOD, EPOLLIN);
}

static size_t take_upgrade(Client *c)
{
    static const char answer[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    char *end = memmem(c->in.bytes, c->in.length, "\r\n\r\n", 4);
    if (!end) return 0;
    c->is_upgraded = 1;
    write_to(c, answer, sizeof answer - 1);
    return (size_t)(end + 4 - c->in.bytes);
}

static size_t take_frame(unsigned char *frame, size_t have) // of up to 65,535 bytes
{
    if (have < 8) return 0;
    size_t n = frame[1] & 127, header = 2;
    if (n == 126) n = (size_t)frame[2] << 8 | frame[3], header = 4;
    if (have < header + 4 + n) return 0;
    unsigned char *mask = frame + header, *payload = mask + 4;
    for (size_t i = 0; i < n; i++) payload[i] ^= mask[i & 3];
    frame[1] &= 127;
    if ((frame[0] & 15) == 1) {
        append(&round_frames, frame, header);
        append(&round_frames, payload, n);
    }
    return header + 4 + n;
}

static void read_from(Client *c)
{
    static char fresh[READ];
    ssize_t n = recv(c->fd, fresh, READ, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) { forget(c); return; }
    append(&c->in, fresh, (size_t)n);
    size_t used = c->is_upgraded ? 0 : take_upgrade(c);
    for (size_t more = 1; c->is_upgraded && more; used += more)
        more = take_frame((unsigned char *)c->in.bytes + used, c->in.length - used);
    c->in.length -= used;
    memmove(c->in.bytes, c->in.bytes + used, c->in.length);
}

static void accept_all(int door)
{
    for (int fd, one = 1; (fd = accept4(door, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
        if (fd >= MAX_CLIENTS) { close(fd); continue; }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        clients[fd] = calloc(1, sizeof(Client));
        clients[fd]->fd = fd;
        watch(clients[fd], EPOLL_CTL_ADD, EPOLLIN);
        if (fd > highest) highest = fd;
    }
}

static void deliver_round(void)
{
    if (!round_frames.length) return;
    for (int fd = 0; fd <= highest; fd++)
        if (clients[fd] && clients[fd]->is_upgraded) write_to(clients[fd], round_frames.bytes, round_frames.length);
    round_frames.length = 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((unsigned short)(argc > 1 ? atoi(argv[1]) : 0));
    int door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(door, (struct sockaddr *)&address, sizeof address) || listen(door, 4096)) {
        perror("floor");
        return 1;
    }
    epoll = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = door};
    epoll_ctl(epoll, EPOLL_CTL_ADD, door, &e);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event ready[256];
        int n = epoll_wait(epoll, ready, 256, -1);
        for (int i = 0; i < n; i++) {
            Client *c = clients[ready[i].data.fd];
            if (ready[i].data.fd == door) accept_all(door);
            if (c && ready[i].events & EPOLLOUT && c->out.length) drain(c);
            if (c && ready[i].events & ~(unsigned)EPOLLOUT) read_from(c);
        }
        deliver_round();
    }
}

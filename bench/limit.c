/* The limit that Python is measured against, and the subscriber that measures it. Linux, C11; `cc -O2 -o limit limit.c`.
 *
 *   limit send PORT SNDBUF      a server that does nothing but send(): accepts, answers each handshake and welcome from
 *                               constant bytes, then a loop of send() over all sockets, k frames per call
 *   limit follow PORT           an epoll client: opens, subscribes, counts, times
 *
 * Both take commands on stdin, one a line, and answer each with one line of JSON on stdout.
 *
 *   send:   go M K RATE TASKS   M events to each of TASKS tasks (0: the one task `bench`), K in a turn, task after task:
 *                               what a turn has for a socket leaves in one send();
 *                               RATE events a second of each (0: as fast as it goes)
 *   follow: token FILE          one token a line, for the connections in turn; without it they are u0, u1, ...
 *           open N AT_ONCE TASKS   N more connections; the i-th follows bench-(i mod TASKS), or `bench` with TASKS 0
 *           stall N             the last N of them are not read from now on
 *           arm M               start counting: the next M events of each connection that is read
 *           wait SECONDS        until they have come; throughput, latency, gaps
 *           since FILE          latency again, counted from the moments in FILE: lines of a seq and its ns (CLOCK_MONOTONIC)
 *           resume AT_ONCE SEQ  cut all that are not stalled, reconnect with last_seq, until all stand at SEQ
 *           rejoin AT_ONCE SEQ  the same with those that are stalled, after reading what their sockets still hold
 *           cut                 drop all connections
 *           forget              as if they were new: the next resume asks for snapshots
 *           report              connections, closed ones, gaps
 *
 * Two threads never touch one socket; there is one thread. Pings are answered whenever a command waits for stdin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 65536
#define MAX_FRAME (1 << 20)     /* a snapshot has at most 256 KiB */
#define READ_BYTES (256 << 10)
#define MAX_SAMPLES (1 << 22)
#define QUIET_NS 50000000LL     /* nothing more comes from a socket that said nothing for so long */
#define WELCOME_PATIENCE_NS 30000000000LL

typedef long long i64;

static i64 now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (i64)t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void raise_file_limit(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static struct sockaddr_in local_address(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void write_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t taken = send(fd, data, size, MSG_NOSIGNAL);
        if (taken < 0) {
            if (errno == EINTR) continue;
            die("send");
        }
        data += taken;
        size -= (size_t)taken;
    }
}

/* A text frame around `payload`; returns its size. */
static size_t frame_text(char *out, const char *payload, size_t size) {
    size_t head = 2;
    out[0] = (char)0x81;
    if (size < 126) {
        out[1] = (char)size;
    } else {
        out[1] = 126;
        out[2] = (char)(size >> 8);
        out[3] = (char)size;
        head = 4;
    }
    memcpy(out + head, payload, size);
    return head + size;
}

/* ---------------------------------------------------------------------------------------------------------- send */

static const char UPGRADE[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: bm9ib2R5IGNoZWNrcyB0aGlzIQ==\r\n\r\n";

static int subscribers[MAX_CONNECTIONS];
static int subscriber_count;
static int listener;

static void send_welcome(int fd) {
    char request[8192], out[1024];
    size_t have = 0;
    while (!memmem(request, have, "\r\n\r\n", 4)) {
        ssize_t got = recv(fd, request + have, sizeof request - have, 0);
        if (got <= 0) die("handshake");
        have += (size_t)got;
    }
    const char *said[] = {"{\"type\":\"connection_established\"}", "{\"type\":\"subscription_result\",\"success\":true}",
                          "{\"type\":\"task_snapshot\",\"seq\":0}"};
    size_t size = sizeof UPGRADE - 1;
    memcpy(out, UPGRADE, size);
    for (int i = 0; i < 3; i++) size += frame_text(out + size, said[i], strlen(said[i]));
    write_all(fd, out, size);
    subscribers[subscriber_count++] = fd;
}

static size_t make_event(char *out, int task, i64 seq) {
    static const char padding[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    char payload[512], name[32];
    if (task < 0) strcpy(name, "bench");
    else snprintf(name, sizeof name, "bench-%d", task);
    int size = snprintf(payload, sizeof payload,
                        "{\"type\":\"task_warning\",\"task_id\":\"%s\",\"seq\":%lld,\"prev_seq\":%lld,\"attempt\":1,"
                        "\"code\":\"partial\",\"message\":\"%s @t=%lld\",\"timestamp\":\"2026-01-01T00:00:00.000Z\"}",
                        name, seq, seq - 1, padding, now_ns());
    return frame_text(out, payload, (size_t)size);
}

static void sleep_until(i64 when) {
    struct timespec t = {.tv_sec = when / 1000000000LL, .tv_nsec = when % 1000000000LL};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

static void send_events(i64 m, i64 k, double rate, int tasks) {
    static char frames[64 << 10];
    i64 started = now_ns();
    struct timespec cpu_before, cpu;
    static i64 seq;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_before);
    int groups = tasks ? tasks : 1;
    k = k / groups ? k / groups : 1; /* K in a turn, task after task: that many of one task at once */
    for (i64 done = 0; done < m; done += k) {
        if (rate > 0) sleep_until(started + (i64)((double)done / rate * 1e9));
        i64 count = m - done < k ? m - done : k;
        for (int group = 0; group < groups; group++) {
            size_t size = 0;
            for (i64 i = 1; i <= count; i++) size += make_event(frames + size, tasks ? group : -1, seq + i);
            for (int i = group; i < subscriber_count; i += groups) write_all(subscribers[i], frames, size);
        }
        seq += count;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    printf("{\"done\": %lld, \"seconds\": %.6f, \"cpu_s\": %.6f}\n", m, (double)(now_ns() - started) / 1e9,
           (double)(cpu.tv_sec - cpu_before.tv_sec) + (double)(cpu.tv_nsec - cpu_before.tv_nsec) / 1e9);
}

static void serve(int port, int send_buffer) {
    struct sockaddr_in address = local_address(port);
    int one = 1;
    char line[256];
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) die("listen");
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
    printf("{\"ready\": true}\n");
    while (epoll_wait(epoll, &event, 1, -1) >= 0) {
        if (event.data.fd == listener) {
            send_welcome(accept(listener, NULL, NULL));
            continue;
        }
        i64 m, k;
        double rate;
        int tasks;
        if (!fgets(line, sizeof line, stdin)) return;
        if (sscanf(line, "go %lld %lld %lf %d", &m, &k, &rate, &tasks) == 4) send_events(m, k, rate, tasks);
    }
}

/* -------------------------------------------------------------------------------------------------------- follow */

enum { CONNECTING, WELCOME, WAITING, READY, CLOSED };

struct connection {
    int fd;
    int state;
    int stalled;
    int chosen;     /* by the reconnection under way */
    int has_snapshot;
    i64 last;       /* seq that it stands at; -1 before the first snapshot */
    i64 count;      /* events since `arm` */
    char *carry;    /* the beginning of a frame whose rest has not come */
    size_t carried;
};

static struct connection all[MAX_CONNECTIONS];
static int total, port_of_server, task_count, epoll_fd;
static char **tokens;
static int token_count;
static char buffer[MAX_FRAME + READ_BYTES];

static int ready_count, closed_count;
static i64 gaps, replayed, snapshots_got, refused;
static i64 target_count, complete, frames_got, bytes_got, first_sent, last_came, sample_every, target_seq, at_target;
static i64 *samples, *sample_seqs, *sample_times, sample_count;

static void watch(struct connection *c, uint32_t events, int how) {
    struct epoll_event event = {.events = events, .data.u32 = (uint32_t)(c - all)};
    epoll_ctl(epoll_fd, how, c->fd, &event);
}

static void send_frame(struct connection *c, int opcode, const char *payload, size_t size) {
    char out[1024];
    size_t head = 2;
    out[0] = (char)(0x80 | opcode);
    if (size < 126) {
        out[1] = (char)(0x80 | size);
    } else {
        out[1] = (char)(0x80 | 126);
        out[2] = (char)(size >> 8);
        out[3] = (char)size;
        head = 4;
    }
    memset(out + head, 0, 4); /* a mask of zeros */
    memcpy(out + head + 4, payload, size);
    if (send(c->fd, out, head + 4 + size, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET && errno != EAGAIN)
        die("send");
}

static void start_connection(struct connection *c) {
    struct sockaddr_in address = local_address(port_of_server);
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) die("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) die("connect");
    c->state = CONNECTING;
    c->has_snapshot = 0;
    c->carried = 0;
    watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void ask_upgrade(struct connection *c) {
    char request[8192], own[32];
    int index = (int)(c - all);
    snprintf(own, sizeof own, "u%d", index);
    int size = snprintf(request, sizeof request,
                        "GET /api/v1/monitor/ws?token=%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n",
                        token_count ? tokens[index % token_count] : own, port_of_server);
    if (send(c->fd, request, (size_t)size, MSG_NOSIGNAL) != size) die("handshake");
    c->state = WELCOME;
    watch(c, EPOLLIN, EPOLL_CTL_MOD);
}

static void subscribe(struct connection *c) {
    char command[256], name[32], position[48] = "";
    if (task_count) snprintf(name, sizeof name, "bench-%d", (int)(c - all) % task_count);
    else strcpy(name, "bench");
    if (c->last >= 0) snprintf(position, sizeof position, ",\"last_seq\":%lld", c->last);
    int size = snprintf(command, sizeof command, "{\"type\":\"subscribe_task\",\"task_id\":\"%s\",\"log_tail\":0%s}", name,
                        position);
    send_frame(c, 1, command, (size_t)size);
}

static void lose(struct connection *c, int cut) {
    if (c->state == CLOSED) return;
    if (cut) { /* without a trace: no TIME_WAIT for thousands of sockets */
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    close(c->fd);
    if (c->state == READY) ready_count--;
    if (!cut) closed_count++;
    c->state = CLOSED;
    c->carried = 0;
}

static int says(const char *payload, size_t size, const char *words) {
    return memmem(payload, size, words, strlen(words)) != NULL;
}

/* The number after the first `key`; -1: none. */
static i64 number_after(const char *payload, size_t size, const char *key) {
    const char *at = memmem(payload, size, key, strlen(key));
    if (!at) return -1;
    i64 value = 0;
    for (at += strlen(key); at < payload + size && *at >= '0' && *at <= '9'; at++) value = value * 10 + (*at - '0');
    return value;
}

static void note_position(struct connection *c, i64 seq) {
    if (target_seq > 0 && c->last < target_seq && seq >= target_seq) at_target++;
    c->last = seq;
}

static void become_ready(struct connection *c) {
    if (c->state != WAITING) return;
    c->state = READY;
    ready_count++;
}

static const char WARNING[] = "{\"type\":\"task_warning\",\"task_id\":\"", LOGS[] = "{\"type\":\"task_logs\",\"task_id\":\"";

static int begins(const char *payload, size_t size, const char *words) {
    return size > 60 && !memcmp(payload, words, strlen(words));
}

/* An event. Its seq stands at a known place: behind the name of the task, which follows `head`. */
static void take_event(struct connection *c, const char *payload, size_t size, const char *head, i64 now) {
    const char *at = (const char *)memchr(payload + strlen(head), '"', 64) + sizeof "\",\"seq\":" - 1;
    i64 seq = 0;
    for (; *at >= '0' && *at <= '9'; at++) seq = seq * 10 + (*at - '0');
    if (seq <= c->last) return;
    if (c->last >= 0 && seq != c->last + 1) {
        i64 previous = number_after(payload, size, "\"prev_seq\":");
        if (previous > c->last) gaps++;
    }
    note_position(c, seq);
    frames_got++;
    replayed++;
    if (!target_count) return;
    if (++c->count == target_count) complete++;
    if (frames_got == 1 || frames_got % sample_every == 0) {
        i64 sent = number_after(payload, size, "@t=");
        if (frames_got == 1) first_sent = sent;
        if (sample_count < MAX_SAMPLES) {
            sample_seqs[sample_count] = seq;
            sample_times[sample_count] = now;
            samples[sample_count++] = now - sent;
        }
    }
}

static void take_text(struct connection *c, const char *payload, size_t size, i64 now) {
    if (begins(payload, size, WARNING)) {
        take_event(c, payload, size, WARNING, now);
    } else if (begins(payload, size, LOGS)) {
        take_event(c, payload, size, LOGS, now);
    } else if (says(payload, size, "\"type\":\"task_snapshot\"")) {
        snapshots_got++;
        note_position(c, number_after(payload, size, "\"seq\":"));
        become_ready(c);
    } else if (says(payload, size, "\"type\":\"connection_established\"")) {
        subscribe(c);
    } else if (says(payload, size, "\"type\":\"subscription_result\"")) {
        if (says(payload, size, "\"recovered\":true")) become_ready(c);
        if (says(payload, size, "\"success\":false")) refused++;
    }
}

/* Takes the whole frames at `data`; returns how many bytes they were, or -1 when the server closed. */
static ssize_t take_frames(struct connection *c, const char *data, size_t have, i64 now) {
    size_t at = 0;
    while (have - at >= 2) {
        const unsigned char *head = (const unsigned char *)data + at;
        size_t size = head[1] & 0x7F, start = 2;
        if (size == 126) {
            if (have - at < 4) break;
            size = (size_t)head[2] << 8 | head[3];
            start = 4;
        } else if (size == 127) {
            if (have - at < 10) break;
            size = 0;
            for (int i = 2; i < 10; i++) size = size << 8 | head[i];
            start = 10;
        }
        if (size > MAX_FRAME) die("frame");
        if (have - at < start + size) break;
        if (head[0] == 0x81) take_text(c, data + at + start, size, now);
        else if (head[0] == 0x89) send_frame(c, 10, data + at + start, size);
        else if (head[0] == 0x88) return -1;
        at += start + size;
    }
    return (ssize_t)at;
}

static void read_connection(struct connection *c) {
    size_t have = c->carried;
    if (have) memcpy(buffer, c->carry, have);
    ssize_t got = recv(c->fd, buffer + have, READ_BYTES, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        lose(c, 0);
        return;
    }
    have += (size_t)got;
    i64 now = last_came = now_ns();
    bytes_got += got;
    char *data = buffer;
    if (c->state == WELCOME) {
        char *end = memmem(buffer, have, "\r\n\r\n", 4);
        if (end && memcmp(buffer, "HTTP/1.1 101", 12)) {
            refused++;
            lose(c, 0);
            return;
        }
        if (end) {
            c->state = WAITING;
            data = end + 4;
        }
    }
    if (c->state != WELCOME) {
        ssize_t taken = take_frames(c, data, have - (size_t)(data - buffer), now);
        if (taken < 0) {
            lose(c, 0);
            return;
        }
        data += taken;
    }
    c->carried = have - (size_t)(data - buffer);
    if (c->carried) {
        c->carry = realloc(c->carry, c->carried);
        memcpy(c->carry, data, c->carried);
    }
}

/* One round of epoll. Returns whether stdin has something. */
static int turn(int timeout_ms, int with_stdin) {
    static struct epoll_event events[512];
    int heard = 0, count = epoll_wait(epoll_fd, events, 512, timeout_ms);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u32 == UINT32_MAX) {
            heard = with_stdin;
            continue;
        }
        struct connection *c = &all[events[i].data.u32];
        if (c->state == CLOSED) continue;
        if (c->state == CONNECTING) {
            if (events[i].events & (EPOLLERR | EPOLLHUP)) lose(c, 0);
            else ask_upgrade(c);
        } else if (!c->stalled) {
            read_connection(c);
        } else if (events[i].events & (EPOLLERR | EPOLLHUP)) {
            epoll_ctl(epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
        }
    }
    return heard;
}

/* Connect those that are chosen, `at_once` handshakes at a time; waits until all are ready or lost. */
static double connect_all(int from, int to, int at_once) {
    i64 started = now_ns();
    int next = from, lost_before = closed_count, begun = 0, ready_before = ready_count;
    while (1) {
        int done = ready_count - ready_before + closed_count - lost_before;
        while (next < to && begun - done < at_once) {
            if (all[next].chosen) {
                start_connection(&all[next]);
                begun++;
            }
            next++;
        }
        if (next >= to && done >= begun) break;
        if (now_ns() - started > WELCOME_PATIENCE_NS * (1 + (to - from) / 2000)) break;
        turn(100, 0);
    }
    return (double)(now_ns() - started) / 1e9;
}

static void do_open(int count, int at_once, int tasks) {
    int from = total;
    task_count = tasks;
    total += count;
    if (total > MAX_CONNECTIONS) die("too many");
    for (int i = from; i < total; i++) all[i] = (struct connection){.fd = -1, .state = CLOSED, .chosen = 1, .last = -1};
    int before = ready_count;
    double seconds = connect_all(from, total, at_once);
    i64 lowest = -1;
    for (int i = 0; i < total; i++)
        if (all[i].state == READY && (lowest < 0 || all[i].last < lowest)) lowest = all[i].last;
    printf("{\"opened\": %d, \"seconds\": %.6f, \"refused\": %lld, \"seq\": %lld}\n", ready_count - before, seconds, refused,
           lowest);
}

static void do_stall(int count) {
    for (int i = total - count; i < total; i++) {
        all[i].stalled = 1;
        watch(&all[i], 0, EPOLL_CTL_MOD);
    }
    printf("{\"stalled\": %d}\n", count);
}

static int reading(void) {
    int count = 0;
    for (int i = 0; i < total; i++) count += all[i].state == READY && !all[i].stalled;
    return count;
}

static void do_arm(i64 m) {
    for (int i = 0; i < total; i++) all[i].count = 0;
    target_count = m;
    complete = frames_got = bytes_got = sample_count = 0;
    sample_every = 1 + m * reading() / MAX_SAMPLES;
    first_sent = 0;
    if (!samples) {
        samples = malloc(sizeof *samples * MAX_SAMPLES);
        sample_seqs = malloc(sizeof *samples * MAX_SAMPLES);
        sample_times = malloc(sizeof *samples * MAX_SAMPLES);
    }
    printf("{\"armed\": %lld}\n", m);
}

static int by_value(const void *a, const void *b) {
    i64 x = *(const i64 *)a, y = *(const i64 *)b;
    return (x > y) - (x < y);
}

static void do_wait(double patience_s) {
    i64 until = now_ns() + (i64)(patience_s * 1e9);
    int readers = reading();
    while (complete < readers && now_ns() < until && reading() == readers) turn(100, 0);
    qsort(samples, (size_t)sample_count, sizeof *samples, by_value);
    double p50 = 0, p99 = 0, longest = 0;
    if (sample_count) {
        p50 = (double)samples[sample_count / 2] / 1e6;
        p99 = (double)samples[sample_count * 99 / 100] / 1e6;
        longest = (double)samples[sample_count - 1] / 1e6;
    }
    printf("{\"complete\": %lld, \"readers\": %d, \"frames\": %lld, \"bytes\": %lld, \"seconds\": %.6f, \"p50_ms\": %.3f, "
           "\"p99_ms\": %.3f, \"max_ms\": %.3f, \"gaps\": %lld}\n",
           complete, reading(), frames_got, bytes_got, (double)(last_came - first_sent) / 1e9, p50, p99, longest, gaps);
    target_count = 0;
}

static void do_since(const char *path) {
    static i64 moments[1 << 20];
    static char line[128];
    i64 seq, at, count = 0;
    FILE *file = fopen(path, "r");
    if (!file) die(path);
    memset(moments, 0, sizeof moments);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%lld %lld", &seq, &at) == 2 && seq >= 0 && seq < 1 << 20) moments[seq] = at;
    fclose(file);
    for (i64 i = 0; i < sample_count; i++)
        if (sample_seqs[i] < 1 << 20 && moments[sample_seqs[i]])
            samples[count++] = sample_times[i] - moments[sample_seqs[i]];
    qsort(samples, (size_t)count, sizeof *samples, by_value);
    printf("{\"samples\": %lld, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n", count,
           count ? (double)samples[count / 2] / 1e6 : 0, count ? (double)samples[count * 99 / 100] / 1e6 : 0,
           count ? (double)samples[count - 1] / 1e6 : 0);
}

static void do_reconnect(int at_once, i64 seq, int stalled_ones) {
    int count = 0, cut_off = 0;
    for (int i = 0; i < total; i++) {
        struct connection *c = &all[i];
        c->chosen = c->stalled == stalled_ones;
        if (!c->chosen) continue;
        count++;
        if (stalled_ones && c->state != CLOSED) { /* what came before the server let go of it */
            i64 before, quiet_since = now_ns();
            while (c->state != CLOSED && now_ns() - quiet_since < QUIET_NS) {
                before = bytes_got;
                read_connection(c);
                if (bytes_got != before) quiet_since = now_ns();
                else if (c->state != CLOSED) usleep(1000);
            }
            cut_off += c->state == CLOSED;
        }
        lose(c, 1);
        c->stalled = 0;
    }
    replayed = snapshots_got = at_target = 0;
    target_seq = seq;
    for (int i = 0; i < total; i++) at_target += all[i].chosen && all[i].last >= seq;
    i64 started = now_ns();
    connect_all(0, total, at_once);
    double connected = (double)(now_ns() - started) / 1e9;
    i64 until = now_ns() + WELCOME_PATIENCE_NS;
    while (at_target < count && now_ns() < until) turn(10, 0);
    printf("{\"reconnected\": %d, \"level\": %lld, \"connected_s\": %.6f, \"seconds\": %.6f, \"replayed\": %lld, "
           "\"snapshots\": %lld, \"gaps\": %lld, \"were_cut_off\": %d, \"refused\": %lld}\n",
           count, at_target, connected, (double)(now_ns() - started) / 1e9, replayed, snapshots_got, gaps, cut_off, refused);
    target_seq = 0;
}

static void load_tokens(const char *path) {
    static char line[8192];
    FILE *file = fopen(path, "r");
    if (!file) die(path);
    tokens = calloc(MAX_CONNECTIONS, sizeof *tokens);
    token_count = 0;
    while (token_count < MAX_CONNECTIONS && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = 0;
        tokens[token_count++] = strdup(line);
    }
    fclose(file);
    printf("{\"tokens\": %d}\n", token_count);
}

static void obey(char *line) {
    int a, b, c;
    i64 n;
    double seconds;
    char path[4096];
    if (sscanf(line, "open %d %d %d", &a, &b, &c) == 3) do_open(a, b, c);
    else if (sscanf(line, "stall %d", &a) == 1) do_stall(a);
    else if (sscanf(line, "arm %lld", &n) == 1) do_arm(n);
    else if (sscanf(line, "wait %lf", &seconds) == 1) do_wait(seconds);
    else if (sscanf(line, "resume %d %lld", &a, &n) == 2) do_reconnect(a, n, 0);
    else if (sscanf(line, "rejoin %d %lld", &a, &n) == 2) do_reconnect(a, n, 1);
    else if (sscanf(line, "token %4095s", path) == 1) load_tokens(path);
    else if (sscanf(line, "since %4095s", path) == 1) do_since(path);
    else if (!strncmp(line, "cut", 3)) {
        for (int i = 0; i < total; i++) lose(&all[i], 1);
        printf("{\"cut\": %d}\n", total);
    } else if (!strncmp(line, "forget", 6)) {
        for (int i = 0; i < total; i++) all[i].last = -1;
        printf("{\"forgotten\": %d}\n", total);
    } else
        printf("{\"connections\": %d, \"closed\": %d, \"gaps\": %lld, \"refused\": %lld}\n", ready_count, closed_count, gaps,
               refused);
}

static void follow(int port) {
    char line[8192];
    port_of_server = port;
    epoll_fd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event);
    printf("{\"ready\": true}\n");
    while (1) {
        while (!turn(-1, 1)) {}
        if (!fgets(line, sizeof line, stdin)) return;
        obey(line);
    }
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    if (argc == 4 && !strcmp(argv[1], "send")) serve(atoi(argv[2]), atoi(argv[3]));
    else if (argc == 3 && !strcmp(argv[1], "follow")) follow(atoi(argv[2]));
    else {
        fprintf(stderr, "limit send PORT SNDBUF | limit follow PORT\n");
        return 2;
    }
    return 0;
}

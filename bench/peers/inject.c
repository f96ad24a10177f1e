/*
 * inject IFACE FILE PACKETS SECONDS: sends the frames of a capture (pcapng, little endian) by an
 * interface, one after the other as fast as it takes them, until the file, PACKETS or SECONDS end.
 *
 * On a veth device what the other end does with a frame is done before the next one is sent, by
 * this thread: its CPU time is the work of the sender and of the receiver. Prints frames, seconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define PACKET_BLOCK 6
#define PACKET_BLOCK_HEAD 28

static uint32_t u32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static int packet_socket(const char *iface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int one = 1, s = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: it receives nothing */

	to.sll_ifindex = if_nametoindex(iface);
	if (s < 0 || to.sll_ifindex == 0 || bind(s, (struct sockaddr *)&to, sizeof to))
		return -1;
	return setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one) ? -1 : s;
}

int main(int argc, char **argv)
{
	static struct mmsghdr messages[BATCH];
	static struct iovec frames[BATCH];
	struct stat st;

	if (argc != 5)
		return fprintf(stderr, "usage: inject IFACE FILE PACKETS SECONDS\n"), 2;
	int s = packet_socket(argv[1]), file = open(argv[2], O_RDONLY);
	if (s < 0)
		return perror(argv[1]), 1;
	if (file < 0 || fstat(file, &st))
		return perror(argv[2]), 1;
	const uint8_t *p = mmap(0, st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
	if (p == MAP_FAILED)
		return perror(argv[2]), 1;
	const uint8_t *end = p + st.st_size;
	uint64_t sent = 0, wanted = strtoull(argv[3], 0, 10);
	double begin = cpu_seconds(), limit = atof(argv[4]), used = 0;

	for (int i = 0; i < BATCH; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = frames + i, .msg_iovlen = 1 };
	while (sent < wanted && p < end && used < limit) {
		int n = 0;

		for (; n < BATCH && sent + n < wanted && p < end; p += u32(p + 4)) {
			if (u32(p) != PACKET_BLOCK)
				continue;
			frames[n].iov_base = (void *)(p + PACKET_BLOCK_HEAD);
			frames[n++].iov_len = u32(p + 20);
		}
		for (int done = 0; done < n;) {
			int now = sendmmsg(s, messages + done, n - done, 0);

			if (now < 0)
				return perror("sendmmsg"), 1;
			done += now;
		}
		sent += n;
		used = cpu_seconds() - begin;
	}
	printf("%lu frames, %.9f s\n", sent, used);
	return 0;
}

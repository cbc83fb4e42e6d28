"""The harness itself: a broker that serves, forgets nothing durable when it is killed, and speaks TLS."""
import ssl
import unittest

import broker
import scratch

broker.require()
import pika  # noqa: E402


class SharedNode(scratch.TestCase):
    def test_virtual_hosts_do_not_meet(self):
        node = broker.shared()
        one, two = node.vhost(), node.vhost()
        connection = node.connect(one)
        connection.channel().queue_declare("q", durable=True)
        self.assertEqual(node.queues(one), {"q": (0, 0)})
        self.assertEqual(node.queues(two), {})
        connection.close()

    def test_tls_is_verified_by_the_authority_of_the_test(self):
        node = broker.shared()
        context = ssl.create_default_context(cafile=node.certificates["ca"])
        connection = pika.BlockingConnection(pika.ConnectionParameters(
            "localhost", node.tls_port, ssl_options=pika.SSLOptions(context, "localhost")))
        self.assertTrue(connection.is_open)
        connection.close()


class OwnNode(scratch.TestCase):
    def test_a_killed_node_comes_back_with_its_durable_messages(self):
        node = broker.Broker()
        self.addCleanup(node.close)
        connection = node.connect()
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        channel.confirm_delivery()
        channel.basic_publish("", "q", b"kept", pika.BasicProperties(delivery_mode=2))
        node.kill()
        node.start()
        self.assertEqual(node.queues(), {"q": (1, 0)})


if __name__ == "__main__":
    unittest.main()

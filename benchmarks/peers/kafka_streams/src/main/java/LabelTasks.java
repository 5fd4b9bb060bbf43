import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The reference job on Kafka Streams: two processors, each with an in-memory store, cached and logged.
 *
 * <p>As its documentation has it: the DSL for topics and serdes, the Processor API where state decides what is sent;
 * stores with caching, so that a changelog gets one record a key and commit. JSON by Jackson, with readers and writers
 * made once, over plain classes with public fields.
 *
 * <p>Left at its defaults: the commit interval (100 ms with exactly_once_v2, 30 s with at_least_once), the size of the
 * caches of a process (10 MB), the producer's linger (100 ms), buffers, polls, the classic group protocol. Set:
 * num.stream.threads by PEER_THREADS. Consumers read committed records only, with at_least_once too, so that all
 * implementations are given their input at the same moment.
 */
public final class LabelTasks {
    static final double TOO_FAST_S = 5.0;
    static final double TOO_SLOW_S = 600.0;
    static final double TOO_FAST_FACTOR = 0.3;
    static final double TOO_SLOW_FACTOR = 0.8;
    static final int PRIOR = 10;
    static final int REDUNDANCY = 3;

    static final ObjectMapper MAPPER =
            new ObjectMapper()
                    .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    public static class Annotation {
        public String annotationId;
        public String taskId;
        public String annotatorId;
        public String project;
        public String label;
        public double timeSpentS;
        public String submittedAt;
    }

    public static final class Scored extends Annotation {
        public List<String> flags;
        public double qualityScore;
    }

    public static final class Annotator {
        public long annotations;
        public double meanTimeS;
        public long tooFast;
        public long tooSlow;
        public double qualityScore = 1.0;
    }

    public static final class Task {
        public Map<String, String> votes = new HashMap<>();
        public Map<String, Double> weights = new TreeMap<>();
    }

    public static final class Label {
        public String taskId;
        public String label;
        public double voteShare;
        public int votes;
    }

    static final Serde<Annotation> ANNOTATION = json(Annotation.class);
    static final Serde<Annotator> ANNOTATOR = json(Annotator.class);
    static final Serde<Scored> SCORED = json(Scored.class);
    static final Serde<Task> TASK = json(Task.class);
    static final Serde<Label> LABEL = json(Label.class);

    /** Counts an annotation towards its author's running figures, and flags it. */
    static final class ScoreAnnotations implements Processor<String, Annotation, String, Scored> {
        private ProcessorContext<String, Scored> context;
        private KeyValueStore<String, Annotator> annotators;

        @Override
        public void init(final ProcessorContext<String, Scored> context) {
            this.context = context;
            annotators = context.getStateStore("annotators");
        }

        @Override
        public void process(final Record<String, Annotation> record) {
            final Annotation annotation = record.value();
            final Annotator known = annotators.get(record.key());
            final Annotator annotator = known == null ? new Annotator() : known;
            final double seconds = annotation.timeSpentS;
            final List<String> flags = new ArrayList<>(1);
            double counted = 1.0;
            if (seconds < TOO_FAST_S) {
                flags.add("too_fast");
                annotator.tooFast++;
                counted = TOO_FAST_FACTOR;
            } else if (seconds > TOO_SLOW_S) {
                flags.add("too_slow");
                annotator.tooSlow++;
                counted = TOO_SLOW_FACTOR;
            }
            annotator.annotations++;
            annotator.meanTimeS += (seconds - annotator.meanTimeS) / annotator.annotations;
            annotator.qualityScore += (counted - annotator.qualityScore) / (PRIOR + annotator.annotations);
            annotators.put(record.key(), annotator);

            final Scored scored = new Scored();
            scored.annotationId = annotation.annotationId;
            scored.taskId = annotation.taskId;
            scored.annotatorId = annotation.annotatorId;
            scored.project = annotation.project;
            scored.label = annotation.label;
            scored.timeSpentS = seconds;
            scored.submittedAt = annotation.submittedAt;
            scored.flags = flags;
            scored.qualityScore = annotator.qualityScore;
            context.forward(record.withKey(scored.taskId).withValue(scored));
        }
    }

    /** Counts a vote; sends the label when it is the one that completes the task. */
    static final class CountVotes implements Processor<String, Scored, String, Label> {
        private ProcessorContext<String, Label> context;
        private KeyValueStore<String, Task> tasks;

        @Override
        public void init(final ProcessorContext<String, Label> context) {
            this.context = context;
            tasks = context.getStateStore("tasks");
        }

        @Override
        public void process(final Record<String, Scored> record) {
            final Scored vote = record.value();
            final Task known = tasks.get(record.key());
            final Task task = known == null ? new Task() : known;
            if (task.votes.size() == REDUNDANCY) {
                return;
            }
            task.votes.put(vote.annotatorId, vote.label);
            task.weights.merge(vote.label, vote.qualityScore, Double::sum);
            tasks.put(record.key(), task);
            if (task.votes.size() < REDUNDANCY) {
                return;
            }
            double total = 0.0;
            double most = -1.0;
            final Label label = new Label();
            for (final Map.Entry<String, Double> entry : task.weights.entrySet()) {
                total += entry.getValue();
                if (entry.getValue() > most) {
                    most = entry.getValue();
                    label.label = entry.getKey();
                }
            }
            label.taskId = record.key();
            label.voteShare = most / total;
            label.votes = REDUNDANCY;
            context.forward(record.withValue(label));
        }
    }

    static Topology topology(final String namespace) {
        final StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(store("annotators", ANNOTATOR));
        builder.addStateStore(store("tasks", TASK));
        builder.stream(namespace + ".annotations", Consumed.with(Serdes.String(), ANNOTATION))
                .process(ScoreAnnotations::new, "annotators")
                .to(namespace + ".scored", Produced.with(Serdes.String(), SCORED));
        builder.stream(namespace + ".scored", Consumed.with(Serdes.String(), SCORED))
                .process(CountVotes::new, "tasks")
                .to(namespace + ".labels", Produced.with(Serdes.String(), LABEL));
        return builder.build();
    }

    static <T> StoreBuilder<KeyValueStore<String, T>> store(final String name, final Serde<T> values) {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.String(), values)
                .withCachingEnabled()
                .withLoggingEnabled(Map.of());
    }

    static <T> Serde<T> json(final Class<T> type) {
        final ObjectReader reader = MAPPER.readerFor(type);
        final ObjectWriter writer = MAPPER.writerFor(type);
        return Serdes.serdeFrom(
                (topic, value) -> {
                    try {
                        return value == null ? null : writer.writeValueAsBytes(value);
                    } catch (final IOException error) {
                        throw new UncheckedIOException(error);
                    }
                },
                (topic, bytes) -> {
                    try {
                        return bytes == null ? null : reader.readValue(bytes);
                    } catch (final IOException error) {
                        throw new UncheckedIOException(error);
                    }
                });
    }

    static Properties settings(final Map<String, String> told) {
        final Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, told.get("PEER_NAMESPACE"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, told.get("PEER_BROKER"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, told.getOrDefault("PEER_THREADS", "1"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, told.get("PEER_FOLDER"));
        if (told.get("PEER_GUARANTEE").equals("exactly_once")) {
            settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        }
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.ISOLATION_LEVEL_CONFIG), "read_committed");
        return settings;
    }

    public static void main(final String[] arguments) throws InterruptedException {
        final Map<String, String> told = System.getenv();
        final KafkaStreams streams = new KafkaStreams(topology(told.get("PEER_NAMESPACE")), settings(told));
        final CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener(
                (now, before) -> {
                    if (now == KafkaStreams.State.RUNNING) {
                        System.out.println("ready");
                    } else if (now == KafkaStreams.State.ERROR) {
                        ended.countDown();
                    }
                });
        streams.setUncaughtExceptionHandler(error -> StreamThreadExceptionResponse.SHUTDOWN_CLIENT);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
        streams.start();
        ended.await();
        System.exit(1);
    }
}

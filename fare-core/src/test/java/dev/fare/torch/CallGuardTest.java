package dev.fare.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CallGuardTest {

  private final CallGuard guard = new CallGuard("model");
  private final AtomicInteger released = new AtomicInteger();

  @Test
  void closingWaitsForWhoIsInside() throws InterruptedException {
    AtomicBoolean isInside = new AtomicBoolean(true);
    AtomicBoolean wasReleasedUnderIt = new AtomicBoolean();
    CountDownLatch entered = new CountDownLatch(1);
    Thread inside =
        new Thread(
            () -> {
              try (CallGuard.Call call = guard.enter();
                  CallGuard.Call nested = guard.enter()) {
                entered.countDown();
                for (int i = 0; i < 100_000; i++) {
                  Thread.onSpinWait();
                }
                isInside.set(false);
              }
            });
    inside.start();
    entered.await();

    guard.close(
        () -> {
          wasReleasedUnderIt.set(isInside.get());
          released.incrementAndGet();
        });
    inside.join();

    assertThat(wasReleasedUnderIt).isFalse();
    assertThat(released).hasValue(1);
  }

  @Test
  void letsNobodyInAfterwardsAndReleasesOnce() {
    guard.close(released::incrementAndGet);
    guard.close(released::incrementAndGet);

    assertThat(released).hasValue(1);
    assertThatThrownBy(guard::enter)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("this model is closed; keep it open as long as anybody uses it");
  }

  @Test
  void refusesToBeClosedFromInside() {
    try (CallGuard.Call call = guard.enter()) {
      assertThatThrownBy(() -> guard.close(released::incrementAndGet))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("can't be closed from inside");
    }
    assertThat(released).hasValue(0);
  }
}

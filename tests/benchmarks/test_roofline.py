import pytest
import torch

from benchmarks.speed.roofline import Operation, Rates, at_rates, bound, operations

STATE, OTHER, WEIGHT = torch.randn(8, 4), torch.randn(8, 4), torch.randn(4, 2)
RATES = Rates({torch.float32: 100.0}, 10.0)


def test_a_product_counts_its_arithmetic_and_what_it_reads_and_writes():
    (product,) = operations(lambda: STATE @ WEIGHT)
    assert product == Operation(torch.float32, 2 * 8 * 4 * 2, 4 * (8 * 4 + 4 * 2 + 8 * 2))


def test_other_operations_count_what_they_read_and_write():
    added, written = operations(lambda: torch.zeros(8, 4).copy_(STATE + OTHER))[1:]
    assert added.moved == 3 * STATE.nbytes
    assert written.moved == 2 * STATE.nbytes


def test_some_rows_of_many_count_alone():
    (taken,) = operations(lambda: STATE.index_select(0, torch.arange(2)))[1:]
    assert taken.moved == 2 * STATE[:2].nbytes


def test_views_and_empty_tensors_are_free():
    assert operations(lambda: torch.empty(9).view(3, 3).T.detach()[1:]) == []


def test_the_way_back_counts_as_well():
    weight = WEIGHT.clone().requires_grad_()
    forward = operations(lambda: STATE @ weight)
    both = operations(lambda: (STATE @ weight).sum().backward())
    assert sum(o.flops for o in both) == 2 * sum(o.flops for o in forward)


def test_reading_without_gradients_counts_the_same_products():
    layer = torch.nn.Linear(4, 2)

    @torch.inference_mode()
    def read():
        layer(STATE)

    assert [o.flops for o in operations(read) if o.flops] == [2 * 8 * 4 * 2]


def test_an_operation_takes_the_longer_of_arithmetic_and_memory():
    long, short = Operation(torch.float32, 1000, 10), Operation(torch.float32, 10, 1000)
    assert at_rates([long, short, Operation(torch.uint8, 0, 50)], RATES, products=True) == 10 + 100
    assert at_rates([long, short, Operation(torch.uint8, 0, 50)], RATES, products=False) == 5


def test_the_least_time_is_that_of_the_calls_and_of_what_they_do_beyond_a_few_turns():
    few, whole = [Operation(torch.uint8, 0, 10)], [Operation(torch.uint8, 0, 60)]
    assert bound(whole, few, 0.5, RATES) == pytest.approx((0.5, 0, 5))
